#include "thread_hook.h"
