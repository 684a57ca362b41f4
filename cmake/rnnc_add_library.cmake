# rnnc_add_library(target SOURCES net.rnn ... [TOP name] [PREFIX name] [DEFINES n=64 ...] [EMBED weights.safetensors]
#                  [TARGET multi] [OPTIONS --train ...])
# A static library of networks: each source is compiled by rnnc to C with a header of the same name, which targets that
# link with `target` find by #include "net.h". Compiled again if the source, what it imports or the weights change. TOP,
# PREFIX and EMBED go with one source.
# The C is optimised but in Debug builds, and never with -ffast-math; the processor is the caller's choice, e.g.
#   target_compile_options(target PRIVATE -march=x86-64-v3)
# or TARGET x86-64-v3. With TARGET multi, the program chooses when it runs, see `rnnc --help`.
# In double: target_compile_definitions(target PUBLIC RNN_REAL_DOUBLE); PUBLIC, as targets that include the headers need it too.
function(rnnc_add_library target)
  cmake_parse_arguments(PARSE_ARGV 1 NET "" "TOP;PREFIX;EMBED;TARGET" "SOURCES;DEFINES;OPTIONS")
  if(NET_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "rnnc_add_library(${target}): what is '${NET_UNPARSED_ARGUMENTS}' for? Sources follow SOURCES")
  endif()
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT C IN_LIST languages)
    message(FATAL_ERROR "rnnc_add_library(${target}): networks are C, which the project has not enabled: "
      "project(... LANGUAGES C CXX), or enable_language(C)")
  endif()
  list(LENGTH NET_SOURCES count)
  if(count EQUAL 0)
    message(FATAL_ERROR "rnnc_add_library(${target}): no SOURCES")
  endif()
  if(count GREATER 1 AND (NET_TOP OR NET_PREFIX OR NET_EMBED))
    message(FATAL_ERROR "rnnc_add_library(${target}): TOP, PREFIX and EMBED go with one source, not ${count}")
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
  if(NET_EMBED)
    cmake_path(ABSOLUTE_PATH NET_EMBED)
    list(APPEND options --embed=${NET_EMBED})
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
      DEPENDS rnnc::rnnc ${source} DEPFILE ${c}.d
      COMMENT "Compiling network ${name}.rnn" VERBATIM)
    list(APPEND emitted ${files})
  endforeach()
  add_library(${target} STATIC ${emitted})
  target_include_directories(${target} PUBLIC ${folder})
  target_link_libraries(${target} PUBLIC rnnc::runtime)
  target_compile_options(${target} PRIVATE $<$<NOT:$<CONFIG:Debug>>:-O3>
    $<$<C_COMPILER_ID:Clang,AppleClang>:-ffp-contract=on> -fno-fast-math)
endfunction()

# rnnc_compile_for(file target): compiles a file that rnnc emitted for a level of x86-64 in its instructions.
function(rnnc_compile_for file target)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND target MATCHES "^(base|x86-64.*)$")
    string(REGEX REPLACE "^base$" "x86-64" march ${target})
    set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS -march=${march})
  endif()
endfunction()
