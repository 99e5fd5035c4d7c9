# SPDX-License-Identifier: MIT
# What makes a binary fit to be given away: a version resource, texts of its events, symbols beside it, and nothing in it
# that depends on when or where it was built.

enable_language(RC)
# Paths in symbols are those of the source tree, wherever it lies; compiler caches may have made them relative before.
file(RELATIVE_PATH BALLAST_SOURCE_FROM_BUILD ${CMAKE_BINARY_DIR} ${PROJECT_SOURCE_DIR})
add_compile_options(
  -g -ffile-prefix-map=${PROJECT_SOURCE_DIR}=. -ffile-prefix-map=${BALLAST_SOURCE_FROM_BUILD}=./)
add_link_options(-Wl,--no-insert-timestamp)

# The texts of the drivers' events: windmc makes a resource and, for comparison with driver/nt/events.h, a header.
set(BALLAST_EVENTS_DIRECTORY ${CMAKE_BINARY_DIR}/events)
string(REPLACE windres windmc BALLAST_WINDMC ${CMAKE_RC_COMPILER})
file(MAKE_DIRECTORY ${BALLAST_EVENTS_DIRECTORY})
add_custom_command(
  OUTPUT ${BALLAST_EVENTS_DIRECTORY}/events.rc ${BALLAST_EVENTS_DIRECTORY}/events.h
  COMMAND ${BALLAST_WINDMC} -c -b -h ${BALLAST_EVENTS_DIRECTORY} -r ${BALLAST_EVENTS_DIRECTORY}
          ${PROJECT_SOURCE_DIR}/src/driver/nt/events.mc
  DEPENDS ${PROJECT_SOURCE_DIR}/src/driver/nt/events.mc VERBATIM)
add_custom_target(events DEPENDS ${BALLAST_EVENTS_DIRECTORY}/events.rc)

# release(TARGET FILE DESCRIPTION [EVENTS] [CHECKED] [VERSION major minor patch]): FILE is the name that TARGET's binary
# has. VERSION is for a file that counts otherwise than Ballast. Symbols go to symbols/ beside bin/: FILE.debug (DWARF, for
# gdb) and a PDB (public names only: what this linker writes), which the binary names; both carry its build id.
function(release target file description)
  cmake_parse_arguments(RELEASE "EVENTS;CHECKED" "" "VERSION" ${ARGN})
  set(RELEASE_FILE ${file})
  set(RELEASE_DESCRIPTION ${description})
  get_filename_component(RELEASE_NAME ${file} NAME_WE)
  get_filename_component(extension ${file} EXT)
  set(RELEASE_SUBTYPE VFT2_UNKNOWN)
  if(extension STREQUAL .sys)
    set(RELEASE_TYPE VFT_DRV)
    set(RELEASE_SUBTYPE VFT2_DRV_SYSTEM)
  elseif(extension STREQUAL .exe)
    set(RELEASE_TYPE VFT_APP)
  else()
    set(RELEASE_TYPE VFT_DLL)
  endif()
  set(RELEASE_FLAGS 0)
  if(RELEASE_CHECKED)
    set(RELEASE_FLAGS VS_FF_DEBUG)
  endif()
  set(RELEASE_VERSION_NUMBERS "BALLAST_VERSION_MAJOR, BALLAST_VERSION_MINOR, BALLAST_VERSION_PATCH, 0")
  set(RELEASE_VERSION_STRING BALLAST_VERSION_STRING)
  if(RELEASE_VERSION)
    list(JOIN RELEASE_VERSION ", " RELEASE_VERSION_NUMBERS)
    string(APPEND RELEASE_VERSION_NUMBERS ", 0")
    list(JOIN RELEASE_VERSION "." RELEASE_VERSION_STRING)
    set(RELEASE_VERSION_STRING "\"${RELEASE_VERSION_STRING}\"")
  endif()
  if(RELEASE_EVENTS)
    set(RELEASE_MESSAGES "#include \"events.rc\"")
    set(events ${BALLAST_EVENTS_DIRECTORY}/events.rc)
  endif()
  set(resource ${CMAKE_CURRENT_BINARY_DIR}/${target}.rc)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/version.rc.in ${resource} @ONLY)
  set_source_files_properties(${resource} PROPERTIES
    OBJECT_DEPENDS "${PROJECT_SOURCE_DIR}/include/ballast/version.h;${events}")
  add_library(${target}-version OBJECT ${resource})
  set_target_properties(${target}-version PROPERTIES COMPILE_OPTIONS "") # these are the C compiler's
  target_include_directories(${target}-version PRIVATE ${BALLAST_EVENTS_DIRECTORY})
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:${target}-version>)

  set(symbols ${CMAKE_BINARY_DIR}/symbols)
  file(MAKE_DIRECTORY ${symbols})
  target_link_options(${target} PRIVATE -Wl,--build-id -Wl,--pdb=${symbols}/${file}.pdb)
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E env SOURCE_DATE_EPOCH=0
            ${CMAKE_OBJCOPY} --only-keep-debug $<TARGET_FILE:${target}> ${symbols}/${file}.debug
    COMMAND ${CMAKE_COMMAND} -E env SOURCE_DATE_EPOCH=0 ${CMAKE_STRIP} $<TARGET_FILE:${target}>
    VERBATIM)
endfunction()
