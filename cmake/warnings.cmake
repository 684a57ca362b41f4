# Warnings for all code of the project; rnnc_generated(file...) excepts a generated lexer or parser.
add_compile_options(-Wall -Wextra -Wswitch-enum -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith)
if(RNNC_WERROR)
  add_compile_options(-Werror)
endif()
if(RNNC_SANITIZE)
  add_compile_options(-fsanitize=${RNNC_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${RNNC_SANITIZE})
endif()

function(rnnc_generated)
  set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "-w")
endfunction()
