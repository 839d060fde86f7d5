# find_package(troupe CONFIG): gives troupe::troupe and troupe::nodes. CAF has no package file on
# Debian, so the module that finds it lies beside this one.

include(CMakeFindDependencyMacro)

list(PREPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
find_dependency(CAF COMPONENTS core io)
list(POP_FRONT CMAKE_MODULE_PATH)
find_dependency(OpenSSL COMPONENTS Crypto SSL)
find_dependency(Threads)

include("${CMAKE_CURRENT_LIST_DIR}/troupe.cmake")
