# The console: bundled by esbuild from console/ and the packages that script/vendor fetches, and part of the gateway.
# Without either the gateway is built all the same, and its pages say what is missing.
find_program(ESBUILD esbuild)
set(console_folder ${CMAKE_SOURCE_DIR}/console)
set(console_modules ${CMAKE_SOURCE_DIR}/vendor/console)
if(NOT ESBUILD)
	message(STATUS "esbuild is missing: the console will say so")
	set(console_folder ${CMAKE_SOURCE_DIR}/gateway/console_missing)
elseif(NOT EXISTS ${console_modules}/marked/VERSION OR NOT EXISTS ${console_modules}/preact/VERSION
	OR NOT EXISTS ${console_modules}/@preact/signals/VERSION OR NOT EXISTS ${console_modules}/@preact/signals-core/VERSION)
	message(STATUS "script/vendor has not fetched the console's packages: the console will say so")
	set(console_folder ${CMAKE_SOURCE_DIR}/gateway/console_missing)
endif()
file(GLOB_RECURSE console_sources CONFIGURE_DEPENDS ${console_folder}/*)
set(console_files ${CMAKE_BINARY_DIR}/console/files.c ${CMAKE_BINARY_DIR}/console/files.s)
add_custom_command(OUTPUT ${console_files}
	COMMAND ${CMAKE_SOURCE_DIR}/cmake/console.sh "${ESBUILD}" ${console_folder} ${console_modules} ${CMAKE_BINARY_DIR}/console
	DEPENDS ${console_sources} ${CMAKE_SOURCE_DIR}/console/icon.svg ${CMAKE_SOURCE_DIR}/cmake/console.sh VERBATIM)
