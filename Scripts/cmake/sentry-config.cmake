# Finds libsentry.so in the prefix that this file lies in. Gives the targets sentry::sentry, sentry::static (libsentry.a)
# and sentry::crashpad_handler; ship the latter's file beside your program, or name it by sentry_options_set_handler_path.
get_filename_component(_sentry_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET sentry::sentry)
  add_library(sentry::sentry SHARED IMPORTED)
  set_target_properties(sentry::sentry PROPERTIES
    IMPORTED_LOCATION "${_sentry_prefix}/lib/libsentry.so"
    IMPORTED_SONAME libsentry.so
    INTERFACE_INCLUDE_DIRECTORIES "${_sentry_prefix}/include")
  if(EXISTS "${_sentry_prefix}/lib/libsentry.a")
    add_library(sentry::static STATIC IMPORTED)
    set_target_properties(sentry::static PROPERTIES
      IMPORTED_LOCATION "${_sentry_prefix}/lib/libsentry.a"
      INTERFACE_LINK_LIBRARIES "m;dl;pthread"
      INTERFACE_INCLUDE_DIRECTORIES "${_sentry_prefix}/include")
  endif()
  add_executable(sentry::crashpad_handler IMPORTED)
  set_target_properties(sentry::crashpad_handler PROPERTIES
    IMPORTED_LOCATION "${_sentry_prefix}/bin/crashpad_handler")
endif()
unset(_sentry_prefix)
