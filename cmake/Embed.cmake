# embed(var FILE): a C source in ${var} that defines the file's text as
# NAME_sql, so that programs need no files beside them.
function(embed_text out symbol)
	set(text "")
	foreach(file ${ARGN})
		file(READ ${file} hex HEX)
		set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
		string(APPEND text "${hex}")
	endforeach()
	string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${text}")
	set(${out} "extern const char ${symbol}[];\nconst char ${symbol}[] = { ${bytes}0 };\n" PARENT_SCOPE)
endfunction()

function(write_source var name text)
	set(path ${CMAKE_BINARY_DIR}/embed/${name}.c)
	file(CONFIGURE OUTPUT ${path} CONTENT "${text}" @ONLY)
	set(${var} ${path} PARENT_SCOPE)
endfunction()

function(embed var file)
	cmake_path(GET file STEM stem)
	embed_text(text ${stem}_sql ${CMAKE_SOURCE_DIR}/${file})
	write_source(path ${stem} "${text}")
	set(${var} ${path} PARENT_SCOPE)
endfunction()

# embed_binary(var FILE): STEM_bytes and STEM_size.
function(embed_binary var file)
	cmake_path(GET file STEM stem)
	file(READ ${CMAKE_SOURCE_DIR}/${file} hex HEX)
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${file})
	string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
	write_source(path ${stem} "#include <stddef.h>
extern const unsigned char ${stem}_bytes[];
extern const size_t ${stem}_size;
const unsigned char ${stem}_bytes[] = { ${bytes} };
const size_t ${stem}_size = sizeof(${stem}_bytes);
")
	set(${var} ${path} PARENT_SCOPE)
endfunction()

# embed_service(var NAME MIGRATIONS...): NAME_migrations[], NULL at the end,
# and NAME_seed, "" where the service has none.
function(embed_service var name)
	set(source "")
	set(rows "")
	set(number 0)
	foreach(file ${ARGN})
		math(EXPR number "${number} + 1")
		embed_text(text ${name}_migration_${number} ${file})
		string(APPEND source "${text}")
		string(APPEND rows "${name}_migration_${number}, ")
	endforeach()
	set(seed ${CMAKE_SOURCE_DIR}/services/${name}/seed.sql)
	if(EXISTS ${seed})
		embed_text(text ${name}_seed ${seed})
	else()
		set(text "extern const char ${name}_seed[];\nconst char ${name}_seed[] = \"\";\n")
	endif()
	string(APPEND source "${text}extern const char *const ${name}_migrations[];
const char *const ${name}_migrations[] = { ${rows}0 };
")
	write_source(path ${name}_store "${source}")
	set(${var} ${path} PARENT_SCOPE)
endfunction()

# embed_file(var NAME FILE): NAME, a struct embedded (gateway/reply/embedded.h) with a file that is large or made by the
# build: its tag, a hash of the bytes; the bytes; and the same compressed, without a name and a time.
function(embed_file var name file)
	set(path ${CMAKE_BINARY_DIR}/embed/${name}.s)
	set(gzip ${CMAKE_BINARY_DIR}/embed/${name}.gz)
	set(hash ${CMAKE_BINARY_DIR}/embed/${name}.sha256)
	add_custom_command(OUTPUT ${gzip}
		COMMAND gzip -9nc ${file} > ${gzip}.new
		COMMAND ${CMAKE_COMMAND} -E rename ${gzip}.new ${gzip}
		DEPENDS ${file} VERBATIM)
	add_custom_command(OUTPUT ${hash}
		COMMAND sha256sum ${file} > ${hash}.new
		COMMAND ${CMAKE_COMMAND} -E rename ${hash}.new ${hash}
		DEPENDS ${file} VERBATIM)
	file(CONFIGURE OUTPUT ${path} @ONLY CONTENT "
	.section .rodata
bytes:
	.incbin \"${file}\"
bytes_end:
gzip:
	.incbin \"${gzip}\"
gzip_end:
etag:
	.byte 34
	.incbin \"${hash}\", 0, 32
	.byte 34, 0
	.section .data.rel.ro, \"aw\"
	.balign 8
	.global ${name}
${name}:
	.quad etag, bytes, bytes_end - bytes, gzip, gzip_end - gzip
	.section .note.GNU-stack,\"\",%progbits
")
	set_source_files_properties(${path} PROPERTIES OBJECT_DEPENDS "${file};${gzip};${hash}")
	set(${var} ${path} PARENT_SCOPE)
endfunction()
