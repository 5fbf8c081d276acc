// Keeps SwiftPM from treating this header-only target as empty.
#include "linux_system.h"
