// Provides libcurl as a table of functions that is filled by dlopen/dlsym when HTTP is first needed, so that no binary
// has libcurl in its NEEDED list. The header gives types and constants only.
#ifndef CCURL_TABLE_H
#define CCURL_TABLE_H

// The same view of libc as in CLinuxShims: one Swift file imports both.
#include "../CLinuxShims/include/gnu_source.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/socket.h>

// The functions used, by their addresses. All of them exist since libcurl 7.12.
typedef struct curl_table {
  void *_Nullable global_init;
  void *_Nullable easy_init;
  void *_Nullable easy_reset;
  void *_Nullable easy_cleanup;
  void *_Nullable easy_setopt;
  void *_Nullable easy_getinfo;
  void *_Nullable easy_perform;
  void *_Nullable easy_strerror;
  void *_Nullable slist_append;
  void *_Nullable slist_free_all;
  void *_Nullable version_info;
  // Since 7.28; without them a transfer looks up once a second.
  void *_Nullable multi_init;
  void *_Nullable multi_cleanup;
  void *_Nullable multi_add_handle;
  void *_Nullable multi_remove_handle;
  void *_Nullable multi_perform;
  void *_Nullable multi_wait;
  void *_Nullable multi_info_read;
} curl_table;

typedef size_t (*curl_table_transfer)(
    char *_Nullable buffer, size_t size, size_t count, void *_Nullable context);
typedef int (*curl_table_progress)(
    void *_Nullable context, curl_off_t download_total, curl_off_t downloaded, curl_off_t upload_total,
    curl_off_t uploaded);

// One lock for the process: curl_global_init is not thread safe before 7.84. Weak, so that all copies are one.
__attribute__((weak)) pthread_mutex_t curl_table_lock = PTHREAD_MUTEX_INITIALIZER;

static inline CURLcode curl_table_global_init(const curl_table *_Nonnull table) {
  pthread_mutex_lock(&curl_table_lock);
  CURLcode code = ((CURLcode(*)(long))table->global_init)(CURL_GLOBAL_DEFAULT);
  pthread_mutex_unlock(&curl_table_lock);
  return code;
}
static inline void *_Nullable curl_table_easy_init(const curl_table *_Nonnull table) {
  return ((CURL * (*)(void)) table->easy_init)();
}
static inline void curl_table_easy_cleanup(const curl_table *_Nonnull table, void *_Nonnull easy) {
  ((void (*)(CURL *))table->easy_cleanup)(easy);
}
static inline void curl_table_easy_reset(const curl_table *_Nonnull table, void *_Nonnull easy) {
  ((void (*)(CURL *))table->easy_reset)(easy);
}
static inline CURLcode curl_table_perform(const curl_table *_Nonnull table, void *_Nonnull easy) {
  return ((CURLcode(*)(CURL *))table->easy_perform)(easy);
}
static inline void *_Nullable curl_table_multi_init(const curl_table *_Nonnull table) {
  return ((CURLM * (*)(void)) table->multi_init)();
}
static inline void curl_table_multi_cleanup(const curl_table *_Nonnull table, void *_Nonnull multi) {
  ((CURLMcode(*)(CURLM *))table->multi_cleanup)(multi);
}
// One transfer, which ends with CURLE_ABORTED_BY_CALLBACK as soon as `descriptor` can be read.
static inline CURLcode curl_table_perform_until(
    const curl_table *_Nonnull table, void *_Nonnull multi, void *_Nonnull easy, int descriptor) {
  if (((CURLMcode(*)(CURLM *, CURL *))table->multi_add_handle)(multi, easy) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
  CURLcode code = CURLE_GOT_NOTHING;
  int running = 1;
  while (1) {
    if (((CURLMcode(*)(CURLM *, int *))table->multi_perform)(multi, &running) != CURLM_OK) {
      code = CURLE_OUT_OF_MEMORY;
      break;
    }
    if (running == 0) {
      int left = 0;
      CURLMsg *message;
      while ((message = ((CURLMsg * (*)(CURLM *, int *)) table->multi_info_read)(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE && message->easy_handle == easy) code = message->data.result;
      }
      break;
    }
    struct curl_waitfd other;
    other.fd = descriptor;
    other.events = CURL_WAIT_POLLIN;
    other.revents = 0;
    int ready = 0;
    ((CURLMcode(*)(CURLM *, struct curl_waitfd *, unsigned int, int, int *))table->multi_wait)(
        multi, &other, 1, 1000, &ready);
    if (other.revents != 0) {
      code = CURLE_ABORTED_BY_CALLBACK;
      break;
    }
  }
  ((CURLMcode(*)(CURLM *, CURL *))table->multi_remove_handle)(multi, easy);
  return code;
}
static inline const char *_Nullable curl_table_strerror(const curl_table *_Nonnull table, CURLcode code) {
  return ((const char *(*)(CURLcode))table->easy_strerror)(code);
}
// Not curl_version, which asks libldap for its version too: that opens all plugins of SASL.
static inline const char *_Nullable curl_table_version(const curl_table *_Nonnull table) {
  return ((curl_version_info_data * (*)(CURLversion)) table->version_info)(CURLVERSION_FIRST)->version;
}
static inline struct curl_slist *_Nullable curl_table_slist_append(
    const curl_table *_Nonnull table, struct curl_slist *_Nullable list, const char *_Nonnull text) {
  return ((struct curl_slist * (*)(struct curl_slist *, const char *)) table->slist_append)(list, text);
}
static inline void curl_table_slist_free_all(const curl_table *_Nonnull table, struct curl_slist *_Nullable list) {
  ((void (*)(struct curl_slist *))table->slist_free_all)(list);
}

// curl_easy_setopt and curl_easy_getinfo are variadic: the type of the argument depends on the option. A wrapper for
// each type is called with options of that type only. CURLOPTTYPE_* is the option's number divided by 10000.
typedef CURLcode (*curl_table_setopt)(CURL *_Nonnull, CURLoption, ...);
typedef CURLcode (*curl_table_getinfo)(CURL *_Nonnull, CURLINFO, ...);

static inline CURLcode curl_table_set_long(
    const curl_table *_Nonnull table, void *_Nonnull easy, CURLoption option, long value) {
  return ((curl_table_setopt)table->easy_setopt)(easy, option, value);
}
static inline CURLcode curl_table_set_offset(
    const curl_table *_Nonnull table, void *_Nonnull easy, CURLoption option, curl_off_t value) {
  return ((curl_table_setopt)table->easy_setopt)(easy, option, value);
}
static inline CURLcode curl_table_set_string(
    const curl_table *_Nonnull table, void *_Nonnull easy, CURLoption option, const char *_Nullable value) {
  return ((curl_table_setopt)table->easy_setopt)(easy, option, value);
}
static inline CURLcode curl_table_set_pointer(
    const curl_table *_Nonnull table, void *_Nonnull easy, CURLoption option, void *_Nullable value) {
  return ((curl_table_setopt)table->easy_setopt)(easy, option, value);
}
static inline CURLcode curl_table_set_list(
    const curl_table *_Nonnull table, void *_Nonnull easy, CURLoption option, struct curl_slist *_Nullable value) {
  return ((curl_table_setopt)table->easy_setopt)(easy, option, value);
}
static inline CURLcode curl_table_set_transfer(
    const curl_table *_Nonnull table, void *_Nonnull easy, CURLoption option, curl_table_transfer _Nonnull value) {
  return ((curl_table_setopt)table->easy_setopt)(easy, option, value);
}
static inline CURLcode curl_table_set_progress(
    const curl_table *_Nonnull table, void *_Nonnull easy, CURLoption option, curl_table_progress _Nonnull value) {
  return ((curl_table_setopt)table->easy_setopt)(easy, option, value);
}
static inline curl_socket_t curl_table_open_socket(
    void *_Nullable context, curlsocktype purpose, struct curl_sockaddr *_Nonnull address) {
  (void)context;
  (void)purpose;
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}
// Programs that the application starts during a transfer do not inherit its connection. libcurl 7.88 hands it down.
static inline CURLcode curl_table_close_on_exec(const curl_table *_Nonnull table, void *_Nonnull easy) {
  return ((curl_table_setopt)table->easy_setopt)(easy, CURLOPT_OPENSOCKETFUNCTION, curl_table_open_socket);
}
static inline CURLcode curl_table_get_long(
    const curl_table *_Nonnull table, void *_Nonnull easy, CURLINFO info, long *_Nonnull value) {
  return ((curl_table_getinfo)table->easy_getinfo)(easy, info, value);
}

#endif
