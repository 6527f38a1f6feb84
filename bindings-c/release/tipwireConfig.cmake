# find_package(tipwire) gives
#   tipwire::static, tipwire::shared  the library for this machine
#   tipwire::tipwire                  one of them, as BUILD_SHARED_LIBS says
#   tipwire::<processor>              firmware, such as tipwire::thumbv6m-none-eabi: all ciphers
#   tipwire::<processor>-ccm          the same with AES-128-CCM only
# For what has no operating system (CMAKE_SYSTEM_NAME is Generic) there is firmware only.
# Everything is found beside this file, wherever the folder is put.
if(TARGET tipwire::tipwire OR TARGET tipwire::thumbv6m-none-eabi)
  return()
endif()

get_filename_component(_tipwire "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

function(_tipwire_library name kind location)
  add_library(tipwire::${name} ${kind} IMPORTED GLOBAL)
  set_target_properties(tipwire::${name} PROPERTIES
    IMPORTED_LOCATION "${location}"
    IMPORTED_LINK_INTERFACE_LANGUAGES C
    INTERFACE_INCLUDE_DIRECTORIES "${_tipwire}/include")
endfunction()

file(GLOB _tipwire_archives "${_tipwire}/firmware/*/libtipwire*.a")
foreach(_tipwire_archive IN LISTS _tipwire_archives)
  get_filename_component(_tipwire_folder "${_tipwire_archive}" DIRECTORY)
  get_filename_component(_tipwire_processor "${_tipwire_folder}" NAME)
  get_filename_component(_tipwire_name "${_tipwire_archive}" NAME)
  string(REGEX REPLACE "^libtipwire(.*)\\.a$" "\\1" _tipwire_only "${_tipwire_name}")
  _tipwire_library("${_tipwire_processor}${_tipwire_only}" STATIC "${_tipwire_archive}")
endforeach()

if(CMAKE_SYSTEM_NAME STREQUAL "Generic")
  return()
endif()

_tipwire_library(static STATIC "${_tipwire}/lib/libtipwire.a")
set_target_properties(tipwire::static PROPERTIES INTERFACE_LINK_LIBRARIES "@LIBRARIES@")
_tipwire_library(shared SHARED "${_tipwire}/lib/libtipwire.so.@VERSION@")
set_target_properties(tipwire::shared PROPERTIES IMPORTED_SONAME "@SONAME@")

add_library(tipwire::tipwire INTERFACE IMPORTED GLOBAL)
if(BUILD_SHARED_LIBS)
  set_target_properties(tipwire::tipwire PROPERTIES INTERFACE_LINK_LIBRARIES tipwire::shared)
else()
  set_target_properties(tipwire::tipwire PROPERTIES INTERFACE_LINK_LIBRARIES tipwire::static)
endif()
