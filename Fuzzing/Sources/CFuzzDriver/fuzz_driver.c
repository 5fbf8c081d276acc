// A target of C needs a file of C.
#include "fuzz_driver.h"
