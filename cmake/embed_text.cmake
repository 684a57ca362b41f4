# cmake -D OUTPUT=file.c -D "SOURCES=a.rnn;b.rnn" -P embed_text.cmake: the modules std.a, std.b as C, see
# compiler/syntax/modules.h.
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
  string(APPEND entries "    {\"std.${name}\", ${name}_text, ${length}},\n")
endforeach()
string(PREPEND arrays "#include \"syntax/modules.h\"\n\n")
file(WRITE ${OUTPUT} "${arrays}const struct module_text module_texts[] = {\n${entries}    {0}};\n")
