# `cpack -G DEB`, in a build with CMAKE_INSTALL_PREFIX=/usr: a Debian package. CPACK_PACKAGE_CONTACT is its maintainer.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME rnnc)
set(CPACK_PACKAGE_VENDOR rnnc)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CONTACT "the rnnc authors <rnnc@packages.invalid>" CACHE STRING "the maintainer of packages that cpack makes")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libc6-dev") # headers of what is emitted
if(RNNC_WEIGHTS_FILES)
  string(APPEND CPACK_DEBIAN_PACKAGE_DEPENDS ", libjansson-dev")
endif()
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "gcc | clang, pkg-config")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "cmake, liblapacke, libhdf5-103-1")
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "compiler from equations of recurrent neural networks to C")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "rnnc reads the equations of a recurrent neural network and writes C for
them, which is fast and readable; rnn trains, checks, runs and measures
such networks.
.
The package has both programs, the runtime that the C links with, and
what CMake and pkg-config need to find them.")
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/debian_files.cmake)
set(CPACK_RNNC_SOURCE ${PROJECT_SOURCE_DIR}) # for that script
include(CPack)
