# SPDX-License-Identifier: MIT
# add_driver(NAME DESCRIPTION sources...): a kernel driver NAME.sys. NAME-checked is the same with assertions: the IRQL at
# each entry, and a bug check if unloading leaves memory behind.

set(BALLAST_DRIVER_COMPILE_OPTIONS
    -ffreestanding -mgeneral-regs-only -fno-ident -fstack-protector-strong -fno-asynchronous-unwind-tables
    -Wframe-larger-than=1024)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
  # The x64 kernel unwinds through tables.
  list(REMOVE_ITEM BALLAST_DRIVER_COMPILE_OPTIONS -fno-asynchronous-unwind-tables)
  set(BALLAST_DRIVER_LINK_OPTIONS
      -Wl,--entry,DriverEntry -Wl,--image-base,0x140000000 -Wl,--high-entropy-va
      -Wl,--subsystem,native:10.0 -Wl,--major-os-version,10,--minor-os-version,0
      -Wl,--major-subsystem-version,10,--minor-subsystem-version,0)
else()
  set(BALLAST_DRIVER_LINK_OPTIONS
      -Wl,--entry,_DriverEntry@8 -Wl,--image-base,0x10000 -Wl,--enable-stdcall-fixup
      -Wl,--subsystem,native:5.2 -Wl,--major-os-version,5,--minor-os-version,2
      -Wl,--major-subsystem-version,5,--minor-subsystem-version,2)
endif()

function(add_driver name description)
  add_executable(${name} ${ARGN})
  set_target_properties(${name} PROPERTIES SUFFIX .sys)
  target_compile_options(${name} PRIVATE ${BALLAST_DRIVER_COMPILE_OPTIONS})
  target_compile_definitions(${name} PRIVATE _WIN32_WINNT=0x0600 NTDDI_VERSION=0x06000000)
  target_link_options(
    ${name} PRIVATE -nostdlib ${BALLAST_DRIVER_LINK_OPTIONS}
    -Wl,--dynamicbase -Wl,--nxcompat -Wl,--wdmdriver -Wl,--forceinteg)
  target_link_libraries(${name} PRIVATE ntoskrnl hal gcc)
  target_include_directories(${name} SYSTEM PRIVATE ${BALLAST_DDK_INCLUDE})
  if(name MATCHES "-checked$")
    target_compile_definitions(${name} PRIVATE NT_CHECKED)
    release(${name} ${name}.sys ${description} EVENTS CHECKED)
  else()
    release(${name} ${name}.sys ${description} EVENTS)
  endif()
endfunction()

find_path(BALLAST_DDK_INCLUDE ntifs.h PATHS /usr/share/mingw-w64/include/ddk NO_CMAKE_FIND_ROOT_PATH NO_DEFAULT_PATH REQUIRED)
