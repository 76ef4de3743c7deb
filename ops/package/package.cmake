# What is installed, and the Debian package: `cpack -G DEB` in the build folder. Included by the top
# CMakeLists.txt; ops/package/README.md tells what lies where.
include(GNUInstallDirs)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON) # else cpack builds every test, too
set(package_out ${CMAKE_BINARY_DIR}/package)
set(share ${CMAKE_INSTALL_DATADIR}/daybook)
set(doc ${CMAKE_INSTALL_DATADIR}/doc/daybook)

# Made by the program itself, from its tables; compressed without time or name, so that the same
# source makes the same package.
add_custom_command(
  OUTPUT ${package_out}/daybook.1.gz ${package_out}/daybook.bash ${package_out}/_daybook
         ${package_out}/daybook.yaml ${package_out}/changelog.gz ${package_out}/runbook.md
  COMMAND ${CMAKE_COMMAND} -E make_directory ${package_out}
  COMMAND sh -c "'$<TARGET_FILE:daybook>' manual | gzip -9n >daybook.1.gz"
  COMMAND sh -c "'$<TARGET_FILE:daybook>' completion bash >daybook.bash"
  COMMAND sh -c "'$<TARGET_FILE:daybook>' completion zsh >_daybook"
  COMMAND sh -c "'$<TARGET_FILE:daybook>' init - >daybook.yaml"
  COMMAND sh -c "gzip -9nc '${CMAKE_SOURCE_DIR}/ops/package/changelog' >changelog.gz"
  COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_SOURCE_DIR}/ops/runbook.md runbook.md
  DEPENDS daybook ops/package/changelog ops/runbook.md
  WORKING_DIRECTORY ${CMAKE_BINARY_DIR}/package
  COMMENT "Making man page, completions and the example configuration" VERBATIM)
file(MAKE_DIRECTORY ${package_out})
add_custom_target(package_files ALL DEPENDS ${package_out}/daybook.1.gz)

install(TARGETS daybook RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
file(GLOB bank_profiles CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/ops/banks/*.yaml)
install(FILES ${bank_profiles} DESTINATION ${share}/banks)
install(FILES ops/kubernetes/seccomp.json DESTINATION ${share})
install(FILES ${package_out}/daybook.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${package_out}/daybook.bash RENAME daybook
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${package_out}/_daybook DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ops/systemd/daybook@.service ops/systemd/daybook@.timer
        DESTINATION lib/systemd/system)
install(FILES README.md ops/package/copyright ${package_out}/runbook.md DESTINATION ${doc})
install(FILES ${package_out}/changelog.gz DESTINATION ${doc} RENAME changelog.Debian.gz)
install(FILES ops/banks/README.md DESTINATION ${doc} RENAME bank-profiles.md)
install(FILES ${package_out}/daybook.yaml ops/systemd/secrets.conf DESTINATION ${doc}/examples)
install(FILES ops/cron.d/daybook DESTINATION ${doc}/examples/cron.d)
install(DIRECTORY ops/kubernetes DESTINATION ${doc}/examples)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME daybook)
set(CPACK_PACKAGE_CONTACT "daybook maintainers <daybook@example.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "settle a payday in order, and pay exactly once")
set(CPACK_PACKAGE_DESCRIPTION
"daybook finds each salary's deposit by polling the banks, settles each account
in order (collect the advance, hold what must be held, pay out the rest), and
writes every step into a double-entry ledger in Postgres, in chunks that commit
in order and never twice.
.
It is started by cron, a systemd timer or a Kubernetes CronJob; every start is
a resume. It needs a Postgres server (14 or newer, here or elsewhere); it is
quickest on a kernel that permits io_uring.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ
    GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION misc)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql, cron-daemon | systemd, moreutils")
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/ops/package/postinst
    ${CMAKE_SOURCE_DIR}/ops/package/postrm)
include(CPack)
