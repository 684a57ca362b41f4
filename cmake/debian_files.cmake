# Run by cpack before it packs the tree: adds what Debian wants of every package, and compresses it as Debian does. The date in
# the changelog is SOURCE_DATE_EPOCH, or the year of the licence, so that the same sources give the same package.
set(usr ${CPACK_TEMPORARY_INSTALL_DIRECTORY}${CPACK_PACKAGING_INSTALL_PREFIX})
set(doc ${usr}/share/doc/rnnc)
file(READ ${CPACK_RNNC_SOURCE}/LICENSE licence)
file(WRITE ${doc}/copyright "${licence}")
string(REGEX MATCH "20[0-9][0-9]" year "${licence}")
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
  set(date "Thu, 01 Jan ${year} 00:00:00 +0000")
endif()
file(WRITE ${doc}/changelog
  "rnnc (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium\n\n  * Release ${CPACK_PACKAGE_VERSION}.\n\n -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
file(RENAME ${usr}/share/zsh/site-functions ${usr}/share/zsh/vendor-completions) # where Debian's zsh looks
file(GLOB pages ${usr}/share/man/man1/*.1)
execute_process(COMMAND gzip -9nf ${doc}/changelog ${pages} COMMAND_ERROR_IS_FATAL ANY)
file(GLOB_RECURSE archives ${usr}/lib/*.a)
execute_process(COMMAND strip --strip-debug --remove-section=.comment --remove-section=.note ${archives} COMMAND_ERROR_IS_FATAL ANY)
