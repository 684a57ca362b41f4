# cmake -D OUTPUT=file.c -D "SOURCES=a.rnn;b.rnn" -D HEADER=syntax/modules.h -D "TYPE=struct module_text" -D TABLE=module_texts
# -D PREFIX=std. -D SUFFIX= -P embed_text.cmake: the texts of files as C, in a table of names, texts and lengths.
set(arrays "")
set(entries "")
foreach(source IN LISTS SOURCES)
  cmake_path(GET source STEM name)
  file(READ ${source} bytes HEX)
  string(LENGTH "${bytes}" digits)
  math(EXPR length "${digits} / 2")
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}") # 16 bytes a line
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " bytes "${bytes}")
  string(APPEND arrays "static const unsigned char ${name}_text[] = {\n${bytes}0x00};\n\n")
  string(APPEND entries "    {\"${PREFIX}${name}${SUFFIX}\", ${name}_text, ${length}},\n")
endforeach()
string(PREPEND arrays "#include \"${HEADER}\"\n\n")
file(WRITE ${OUTPUT} "${arrays}const ${TYPE} ${TABLE}[] = {\n${entries}    {0}};\n")
