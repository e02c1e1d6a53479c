# Install what depends on the prefix, and what is compressed. CMakeLists.txt sets the variables.
if(IS_ABSOLUTE "${CMAKE_INSTALL_BINDIR}")
	message(FATAL_ERROR "CMAKE_INSTALL_BINDIR must be relative: flicketctl finds its settings beside it")
endif()
set(templates ${CMAKE_SOURCE_DIR}/tools/package)
set(prefix ${CMAKE_INSTALL_PREFIX})
set(root $ENV{DESTDIR})
string(RANDOM LENGTH 12 name)
set(work ${FLICKET_BUILD}/install-${name})	# of this run: two may be under way

# absolute(OUT FOLDER): a folder of GNUInstallDirs below the prefix; for the prefix /usr, etc is beside it. flicketctl finds
# its settings in the same way (tools/flicketctl/desk/installed.c).
function(absolute out folder)
	if(NOT IS_ABSOLUTE "${folder}")
		if(folder MATCHES "^etc(/|$)" AND prefix MATCHES "^(.*)/usr$")
			set(folder ${CMAKE_MATCH_1}/${folder})
		else()
			set(folder ${prefix}/${folder})
		endif()
	endif()
	set(${out} ${folder} PARENT_SCOPE)
endfunction()
absolute(BINDIR "${CMAKE_INSTALL_BINDIR}")
absolute(LIBEXECDIR "${CMAKE_INSTALL_LIBEXECDIR}")
absolute(CONFDIR "${CMAKE_INSTALL_SYSCONFDIR}")
absolute(DATADIR "${CMAKE_INSTALL_DATADIR}")
absolute(MANDIR "${CMAKE_INSTALL_MANDIR}")
set(LIBDIR ${prefix}/lib)	# where systemd looks, whatever the libraries' folder is called
set(CONFDIR ${CONFDIR}/flicketd)
set(STATEDIR ${FLICKET_STATEDIR})
set(BACKUPDIR ${FLICKET_BACKUPDIR})

# A folder of systemd's own below /var/lib needs no rule to be written to, and is made with its owner.
if(STATEDIR MATCHES "^/var/lib/(.+)$")
	set(STATE "StateDirectory=${CMAKE_MATCH_1}\nStateDirectoryMode=0700")
else()
	set(STATE "ReadWritePaths=${STATEDIR}")
endif()

set(read_all OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
set(run_all ${read_all} OWNER_EXECUTE GROUP_EXECUTE WORLD_EXECUTE)
set(read_group OWNER_READ OWNER_WRITE GROUP_READ)

# put(SOURCE FOLDER NAME PERMISSIONS...): a file as it is, into the folder under the name.
function(put source folder name)
	get_filename_component(base ${source} NAME)
	file(INSTALL ${source} DESTINATION ${folder} RENAME ${name} PERMISSIONS ${ARGN})
endfunction()

# fill(TEMPLATE FOLDER NAME PERMISSIONS...): with the folders in the place of @BINDIR@ and the others.
function(fill template folder name)
	get_filename_component(base ${template} NAME)
	set(made ${work}/${base})
	configure_file(${templates}/${template} ${made} @ONLY)
	put(${made} ${folder} ${name} ${ARGN})
endfunction()

# put_compressed(SOURCE FOLDER NAME): NAME.gz, the same bytes each time.
function(put_compressed source folder name)
	put(${source} ${folder} ${name} ${read_all})
	execute_process(COMMAND gzip -9nf ${root}${folder}/${name} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# put_printed(FOLDER NAME ARGUMENTS...): what flicketctl prints.
function(put_printed folder name)
	set(made ${work}/${name})
	file(MAKE_DIRECTORY ${work})
	execute_process(COMMAND ${CMAKE_COMMAND} -E env ASAN_OPTIONS=detect_leaks=0 ${FLICKETCTL} ${ARGN}
		OUTPUT_FILE ${made} COMMAND_ERROR_IS_FATAL ANY)
	put(${made} ${folder} ${name} ${read_all})
endfunction()

put_compressed(${CMAKE_SOURCE_DIR}/docs/flicketctl.1 ${MANDIR}/man1 flicketctl.1)
put_compressed(${CMAKE_SOURCE_DIR}/docs/flicketd.8 ${MANDIR}/man8 flicketd.8)
foreach(program gateway user ticket post lookup)
	file(CREATE_LINK flicketd.8.gz ${root}${MANDIR}/man8/flicket-${program}.8.gz SYMBOLIC)
endforeach()
put_printed(${DATADIR}/bash-completion/completions flicketctl completion bash)
put_printed(${DATADIR}/zsh/vendor-completions _flicketctl completion zsh)
put_printed(${DATADIR}/fish/vendor_completions.d flicketctl.fish completion fish)
fill(flicketd.service.in ${LIBDIR}/systemd/system flicketd.service ${read_all})
fill(flicketd-backup.service.in ${LIBDIR}/systemd/system flicketd-backup.service ${read_all})
put(${templates}/flicketd-backup.timer ${LIBDIR}/systemd/system flicketd-backup.timer ${read_all})
fill(sysusers.conf.in ${LIBDIR}/sysusers.d flicketd.conf ${read_all})
fill(tmpfiles.conf.in ${LIBDIR}/tmpfiles.d flicketd.conf ${read_all})
fill(backup.in ${LIBEXECDIR}/flicketd backup ${run_all})
put(${CMAKE_SOURCE_DIR}/tools/package/debian/copyright ${DATADIR}/doc/flicketd copyright ${read_all})
# Of a package it is the packager's to replace; an operator's own file is never overwritten.
if(root STREQUAL "" AND EXISTS ${CONFDIR}/flicketd.env)
	message(STATUS "Kept: ${CONFDIR}/flicketd.env")
else()
	fill(flicketd.env ${CONFDIR} flicketd.env ${read_group})
endif()
if(NOT root STREQUAL "" AND prefix STREQUAL "/usr")
	put_compressed(${templates}/debian/changelog ${DATADIR}/doc/flicketd changelog.Debian)
	put(${templates}/debian/lintian-overrides ${DATADIR}/lintian/overrides flicketd ${read_all})
endif()
file(REMOVE_RECURSE ${work})
