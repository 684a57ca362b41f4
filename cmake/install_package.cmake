# Rules of `cmake --install`: the programs, the runtime, and the files by which CMake and pkg-config find them.
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/rnnc)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/runtime/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS rnn_runtime EXPORT rnncTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(RNNC_BUILD_COMPILER)
  install(TARGETS rnnc EXPORT rnncProgram RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(TARGETS rnn RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
# Manual pages and completions are what the programs say for --help, so that they are made where programs run.
if(RNNC_BUILD_COMPILER AND NOT CMAKE_CROSSCOMPILING)
  set(pages ${PROJECT_BINARY_DIR}/pages)
  set(makers ${PROJECT_SOURCE_DIR}/cmake/pages)
  file(GLOB page_scripts CONFIGURE_DEPENDS ${makers}/*)
  add_custom_command(OUTPUT ${pages}/made
    COMMAND sh ${makers}/pages.sh $<TARGET_FILE:rnnc> $<TARGET_FILE:rnn> ${pages}
    COMMAND ${CMAKE_COMMAND} -E touch ${pages}/made
    DEPENDS rnnc rnn ${page_scripts} COMMENT "Making manual pages and completions" VERBATIM)
  add_custom_target(rnnc_pages ALL DEPENDS ${pages}/made)
  install(DIRECTORY ${pages}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR})
  install(DIRECTORY ${pages}/bash/ DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(DIRECTORY ${pages}/zsh/ DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  install(DIRECTORY ${pages}/fish/ DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()
install(EXPORT rnncTargets NAMESPACE rnnc:: DESTINATION ${package_folder})
if(RNNC_BUILD_COMPILER)
  install(EXPORT rnncProgram NAMESPACE rnnc:: DESTINATION ${package_folder})
endif()

# What the Python package carries, below its folder `installed` (pyproject.toml).
if(RNNC_BUILD_COMPILER)
  install(TARGETS rnnc rnn RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT python EXCLUDE_FROM_ALL)
  install(TARGETS rnn_runtime_shared LIBRARY DESTINATION lib COMPONENT python EXCLUDE_FROM_ALL)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/runtime/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT python EXCLUDE_FROM_ALL)
endif()

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/rnncConfig.cmake.in ${PROJECT_BINARY_DIR}/rnncConfig.cmake
  INSTALL_DESTINATION ${package_folder})
# Also for builds for another machine, which have the program from here: rnncConfig.cmake leaves the runtime out for them.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/rnncConfigVersion.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/rnncConfig.cmake ${PROJECT_BINARY_DIR}/rnncConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/rnnc_add_library.cmake DESTINATION ${package_folder})

set(pkg_config_requires "")
if(RNNC_WEIGHTS_FILES)
  set(pkg_config_requires "jansson")
endif()
# Paths are relative to the .pc file, so that a tree may move.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
  OUTPUT_VARIABLE prefix_from_pkg_config)
configure_file(${PROJECT_SOURCE_DIR}/cmake/rnnc.pc.in ${PROJECT_BINARY_DIR}/rnnc.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/rnnc.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(PROJECT_IS_TOP_LEVEL AND RNNC_BUILD_COMPILER AND NOT CMAKE_CROSSCOMPILING)
  include(debian)
endif()
