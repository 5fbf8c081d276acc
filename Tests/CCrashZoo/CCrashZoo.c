#include "crash_zoo.h"
