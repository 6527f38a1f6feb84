# A processor without an operating system, by gcc: COMPILER is what its tools begin with, FLAGS is which
# processor it is.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR ${PROCESSOR})
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES PROCESSOR COMPILER FLAGS)
set(CMAKE_C_COMPILER ${COMPILER}gcc)
set(CMAKE_C_FLAGS_INIT "${FLAGS}")
# Nothing of the machine that builds is for the one that it is built for, but packages are found.
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
