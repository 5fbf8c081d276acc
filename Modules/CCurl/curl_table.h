#ifndef CCURL_TABLE_H
#define CCURL_TABLE_H
#include <curl/curl.h>
#endif
