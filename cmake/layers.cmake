# rnnc_layer(name SOURCES ... [LAYERS ...]): makes one folder of the compiler a library, linked with the layers it may know.
function(rnnc_layer name)
  cmake_parse_arguments(LAYER "" "" "SOURCES;LAYERS" ${ARGN})
  add_library(rnnc_${name} STATIC ${LAYER_SOURCES})
  target_include_directories(rnnc_${name} PUBLIC ${PROJECT_SOURCE_DIR}/compiler)
  foreach(layer ${LAYER_LAYERS})
    target_link_libraries(rnnc_${name} PUBLIC rnnc_${layer})
  endforeach()
endfunction()

# rnnc_test(name SOURCES ... [LIBRARIES ...] [LABELS ...]): adds a CMocka program, run by ctest.
function(rnnc_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE ${TEST_LIBRARIES} PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${TEST_LABELS}" SKIP_RETURN_CODE 77)
endfunction()
