# rnnc_add_library(target SOURCES net.rnn ... [TOP name] [PREFIX name] [DEFINES n=64 ...] [WEIGHTS net.safetensors]
#                  [TARGET multi] [OPTIONS --train ...])
# A static library of networks: each source is compiled by rnnc to C with a header of the same name, which targets that
# link with `target` find by #include "net.h". Compiled again if the source, what it imports or the weights change. TOP,
# PREFIX and WEIGHTS go with one source.
# WEIGHTS makes the weights of a file constants of the library, NAME_weights: parameters for NAME_pack (rnnc --embed), or, with
# OPTIONS --freestanding --plain-c, what NAME_step reads as it is (rnnc --weights). EMBED in place of it means --embed there too.
# The file is there when CMake runs, or a rule of the same folder makes it.
# With OPTIONS --freestanding the library needs no other, and does not link with the runtime, which is for another machine or none.
# rnnc is the one of the package or the build, else RNNC_EXECUTABLE, or the one in PATH.
# The C is optimised (-O3 but in Debug and MinSizeRel builds), and never with -ffast-math; the processor is the caller's choice, e.g.
#   target_compile_options(target PRIVATE -march=x86-64-v3)
# or TARGET x86-64-v3. With TARGET multi, the program chooses when it runs, see `rnnc --help`.
# In double: target_compile_definitions(target PUBLIC RNN_REAL_DOUBLE); PUBLIC, as targets that include the headers need it too.
function(rnnc_add_library target)
  cmake_parse_arguments(PARSE_ARGV 1 NET "" "TOP;PREFIX;EMBED;TARGET;WEIGHTS" "SOURCES;DEFINES;OPTIONS")
  if(NET_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "rnnc_add_library(${target}): what is '${NET_UNPARSED_ARGUMENTS}' for? Sources follow SOURCES")
  endif()
  set(bare ${NET_KEYWORDS_MISSING_VALUES})
  list(FILTER bare EXCLUDE REGEX "SOURCES|DEFINES|OPTIONS") # lists may be empty
  if(bare)
    message(FATAL_ERROR "rnnc_add_library(${target}): nothing stands behind ${bare}")
  endif()
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT C IN_LIST languages)
    message(FATAL_ERROR "rnnc_add_library(${target}): networks are C, which the project has not enabled: "
      "project(... LANGUAGES C CXX), or enable_language(C)")
  endif()
  rnnc_check_machine(${target} "${NET_OPTIONS}")
  list(LENGTH NET_SOURCES count)
  if(count EQUAL 0)
    message(FATAL_ERROR "rnnc_add_library(${target}): no SOURCES")
  endif()
  if(count GREATER 1 AND (NET_TOP OR NET_PREFIX OR NET_WEIGHTS OR NET_EMBED))
    message(FATAL_ERROR "rnnc_add_library(${target}): TOP, PREFIX, WEIGHTS and EMBED go with one source, not ${count}")
  endif()
  set(options ${NET_OPTIONS})
  foreach(define IN LISTS NET_DEFINES)
    list(APPEND options -D ${define})
  endforeach()
  if(NET_TOP)
    list(APPEND options --top=${NET_TOP})
  endif()
  if(NET_PREFIX)
    list(APPEND options --prefix=${NET_PREFIX})
  endif()
  foreach(word WEIGHTS EMBED)
    if(word IN_LIST ARGV AND "${NET_${word}}" STREQUAL "")
      message(FATAL_ERROR "rnnc_add_library(${target}): nothing stands behind ${word}")
    endif()
  endforeach()
  set(weights "${NET_WEIGHTS}${NET_EMBED}")
  if(NOT weights STREQUAL "") # a file may be called OFF
    cmake_path(ABSOLUTE_PATH weights)
    rnnc_check_weights(${target} ${weights})
    set(constants --embed)
    if(NOT "${NET_WEIGHTS}" STREQUAL "" AND "--plain-c" IN_LIST NET_OPTIONS)
      set(constants --weights)
    endif()
    list(APPEND options ${constants}=${weights})
  endif()

  set(levels "") # of multi: files beside the network's own
  if(NET_TARGET)
    list(APPEND options --target=${NET_TARGET})
    if(NET_TARGET STREQUAL "multi")
      set(levels base x86-64-v3 x86-64-v4)
    endif()
  endif()

  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}.rnnc)
  file(MAKE_DIRECTORY ${folder})
  set(emitted "")
  foreach(source IN LISTS NET_SOURCES)
    cmake_path(ABSOLUTE_PATH source)
    cmake_path(GET source STEM LAST_ONLY name)
    set(c ${folder}/${name}.c)
    if(c IN_LIST emitted)
      message(FATAL_ERROR "rnnc_add_library(${target}): two sources are called ${name}.rnn")
    endif()
    set(files ${c})
    foreach(level IN LISTS levels)
      list(APPEND files ${folder}/${name}-${level}.c)
      rnnc_compile_for(${folder}/${name}-${level}.c ${level})
    endforeach()
    if(NET_TARGET AND NOT levels)
      rnnc_compile_for(${c} ${NET_TARGET})
    endif()
    add_custom_command(OUTPUT ${files} ${folder}/${name}.h
      COMMAND rnnc::rnnc ${source} ${options} -o ${c} --header=${folder}/${name}.h -MF ${c}.d -MT ${c}
      DEPENDS rnnc::rnnc ${source} ${weights} DEPFILE ${c}.d
      COMMENT "Compiling network ${name}.rnn" VERBATIM)
    list(APPEND emitted ${files})
  endforeach()
  add_library(${target} STATIC ${emitted})
  target_include_directories(${target} PUBLIC ${folder})
  if(NOT "--freestanding" IN_LIST NET_OPTIONS)
    target_link_libraries(${target} PUBLIC rnnc::runtime)
  endif()
  target_compile_options(${target} PRIVATE $<$<NOT:$<CONFIG:Debug,MinSizeRel>>:-O3>
    $<$<C_COMPILER_ID:Clang,AppleClang>:-ffp-contract=on> -fno-fast-math)
endfunction()

# rnnc_find_program(): the target rnnc::rnnc, where neither a package nor this build has one: what runs on this machine.
function(rnnc_find_program)
  if(TARGET rnnc::rnnc)
    return()
  endif()
  find_program(RNNC_EXECUTABLE rnnc NO_CMAKE_FIND_ROOT_PATH DOC "the rnnc that runs on this machine")
  if(RNNC_EXECUTABLE)
    add_executable(rnnc::rnnc IMPORTED)
    set_target_properties(rnnc::rnnc PROPERTIES IMPORTED_LOCATION ${RNNC_EXECUTABLE})
  endif()
endfunction()

# rnnc_check_machine(target options): stops, in a call of rnnc_add_library, where there is no rnnc, or no runtime for networks that
# need one.
function(rnnc_check_machine target options)
  rnnc_find_program()
  if(NOT TARGET rnnc::rnnc)
    message(FATAL_ERROR "rnnc_add_library(${target}): there is no rnnc that runs on this machine: install it, and put it in PATH "
      "or set RNNC_EXECUTABLE to its path")
  endif()
  get_target_property(program rnnc::rnnc IMPORTED_LOCATION)
  if(RNNC_EXECUTABLE AND program STREQUAL RNNC_EXECUTABLE AND NOT EXISTS ${program})
    message(FATAL_ERROR "rnnc_add_library(${target}): RNNC_EXECUTABLE: there is no '${program}'")
  endif()
  if(NOT "--freestanding" IN_LIST options AND NOT TARGET rnnc::runtime)
    string(STRIP "${CMAKE_SYSTEM_NAME} ${CMAKE_SYSTEM_PROCESSOR}" machine)
    message(FATAL_ERROR "rnnc_add_library(${target}): there is no runtime of rnnc for this target (${machine}): write C that needs "
      "none by OPTIONS --freestanding --plain-c, or, where the target has an operating system, build the runtime for it with "
      "RNNC_BUILD_COMPILER=OFF and name its package by rnnc_DIR")
  endif()
endfunction()

# rnnc_check_weights(target file): refuses, in a call of rnnc_add_library, what contradicts its weights, and a file that is not there.
function(rnnc_check_weights target file)
  set(call "rnnc_add_library(${target})")
  set(again ${NET_OPTIONS})
  list(FILTER again INCLUDE REGEX "^--(embed|weights)(=|$)")
  if((NET_WEIGHTS AND NET_EMBED) OR again)
    message(FATAL_ERROR "${call}: weights come from WEIGHTS, EMBED or an option as '--embed=FILE'; leave all but one of them out")
  endif()
  if(NET_OPTIONS MATCHES "(^|;)--variants(=|;|$)")
    message(FATAL_ERROR "${call}: --variants is about several forms, and '${file}' has the weights of one; "
      "leave it out and load them by NAME_load, or choose the form: OPTIONS --form=PATTERN=FORM")
  endif()
  get_source_file_property(made ${file} GENERATED)
  if(NOT made AND (NOT EXISTS ${file} OR IS_DIRECTORY ${file}))
    message(FATAL_ERROR "${call}: there is no weights file '${file}' (a path is relative to the folder of the CMakeLists.txt; "
      "a rule that makes the file stands before this call)")
  endif()
endfunction()

# rnnc_compile_for(file target): compiles a file that rnnc emitted for a level of x86-64 in its instructions.
function(rnnc_compile_for file target)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND target MATCHES "^(base|x86-64.*)$")
    string(REGEX REPLACE "^base$" "x86-64" march ${target})
    set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS -march=${march})
  endif()
endfunction()
