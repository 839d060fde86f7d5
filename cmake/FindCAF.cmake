# Finds the C++ Actor Framework, for which Debian ships no package file.
#
#   find_package(CAF REQUIRED COMPONENTS core [io] [openssl])
#
# Gives the targets CAF::core, CAF::io and CAF::openssl. CAF_ROOT names another
# build of the libraries; then only that one is taken.

find_path(CAF_INCLUDE_DIR caf/config.hpp HINTS ${CAF_ROOT}/include)
mark_as_advanced(CAF_INCLUDE_DIR)

if(CAF_INCLUDE_DIR)
  file(STRINGS "${CAF_INCLUDE_DIR}/caf/config.hpp" CAF_FOUND_VERSION
       REGEX "^#define CAF_VERSION ")
  string(REGEX MATCH "[0-9]+" CAF_FOUND_VERSION "${CAF_FOUND_VERSION}")
  if(CAF_FOUND_VERSION EQUAL 1706)
    set(CAF_IS_0_17_6 TRUE)
  else()
    set(CAF_IS_0_17_6 FALSE)
  endif()
endif()

set(CAF_ONLY_ROOT)
if(CAF_ROOT)
  set(CAF_ONLY_ROOT NO_DEFAULT_PATH)
endif()

set(CAF_LIBRARIES)
foreach(component IN LISTS CAF_FIND_COMPONENTS)
  find_library(CAF_${component}_LIBRARY caf_${component}
               HINTS ${CAF_ROOT}/lib ${CAF_ONLY_ROOT})
  mark_as_advanced(CAF_${component}_LIBRARY)
  list(APPEND CAF_LIBRARIES CAF_${component}_LIBRARY)
endforeach()

if(NOT CAF_INCLUDE_DIR)
  set(CAF_HINT "on Debian 12 it is in the package libcaf-dev")
elseif(NOT CAF_IS_0_17_6)
  set(CAF_HINT
      "troupe needs CAF 0.17.6, which calls itself CAF_VERSION 1706, but \
${CAF_INCLUDE_DIR}/caf/config.hpp has CAF_VERSION ${CAF_FOUND_VERSION}")
elseif(CAF_ROOT)
  set(CAF_HINT "CAF_ROOT is set, so only ${CAF_ROOT}/lib was searched")
else()
  set(CAF_HINT "on Debian 12 they are in the package libcaf-dev")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  CAF
  REQUIRED_VARS CAF_INCLUDE_DIR CAF_IS_0_17_6 ${CAF_LIBRARIES}
  REASON_FAILURE_MESSAGE "${CAF_HINT}")

if(CAF_FOUND)
  foreach(component IN LISTS CAF_FIND_COMPONENTS)
    if(NOT TARGET CAF::${component})
      add_library(CAF::${component} UNKNOWN IMPORTED)
      set_target_properties(
        CAF::${component}
        PROPERTIES IMPORTED_LOCATION "${CAF_${component}_LIBRARY}"
                   INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}")
      if(NOT component STREQUAL core)
        target_link_libraries(CAF::${component} INTERFACE CAF::core)
      endif()
    endif()
  endforeach()
endif()
