# What `cmake --install` lays down: the libraries, include/troupe/, a package
# for find_package(troupe CONFIG) and one for pkg-config. Both find CAF.

include(CMakePackageConfigHelpers)

set(troupe_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/troupe")

install(
  TARGETS troupe troupe_runtime troupe_actors troupe_nodes
  EXPORT troupe
  FILE_SET HEADERS)

install(
  EXPORT troupe
  NAMESPACE troupe::
  DESTINATION "${troupe_package_dir}")

write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/troupe-config-version.cmake"
  COMPATIBILITY SameMinorVersion)

install(
  FILES cmake/troupe-config.cmake cmake/FindCAF.cmake
        "${PROJECT_BINARY_DIR}/troupe-config-version.cmake"
  DESTINATION "${troupe_package_dir}")

# The .pc file finds its prefix from where it lies, so a tree can be moved.
string(REGEX REPLACE "[^/]+" ".." troupe_pc_to_prefix
                     "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
cmake_path(GET CAF_core_LIBRARY PARENT_PATH troupe_pc_caf_dir)
set(troupe_pc_caf "-lcaf_core")
if(NOT troupe_pc_caf_dir IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
  string(PREPEND troupe_pc_caf "-L${troupe_pc_caf_dir} ")
endif()
foreach(name IN ITEMS troupe troupe-nodes)
  configure_file("cmake/${name}.pc.in" "${PROJECT_BINARY_DIR}/${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${name}.pc"
          DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()

install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
