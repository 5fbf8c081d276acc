// Provides what was chosen when the library was built.
#include "csentry.h"

#if defined(CSENTRY_BACKEND_NONE)
sentry_backend_t *csentry_default_backend(void) { return SENTRY_BACKEND_NONE; }
#elif defined(CSENTRY_BACKEND_INPROC)
sentry_backend_t *csentry_default_backend(void) { return SENTRY_BACKEND_INPROC; }
#else
sentry_backend_t *csentry_default_backend(void) { return SENTRY_BACKEND_CRASHPAD; }
#endif

const char *csentry_sdk_version(void) { return SENTRY_SDK_VERSION; }
const char *csentry_sdk_name(void) { return SENTRY_SDK_NAME; }
const char *csentry_sdk_user_agent(void) { return SENTRY_SDK_USER_AGENT; }
