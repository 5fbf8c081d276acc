// A process with many threads, each deep in functions of its own kind, for the walkers that are measured.
#include <functional>
#include <map>
#include <string>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile int sink;
static pthread_barrier_t barrier;

struct Shape {
  virtual ~Shape() {}
  virtual int area(int depth) = 0;
};
template <int N> struct Polygon : Shape {
  __attribute__((noinline)) int area(int depth) override;
};

template <int N> __attribute__((noinline)) int wait() {
  pthread_barrier_wait(&barrier);
  for (;;) pause();
  return sink;
}

template <int N> __attribute__((noinline)) int recurse(int depth) {
  if (depth <= 0) return wait<N>() + 1;
  int value;
  if (depth % 3 == 0) {
    std::function<int(int)> body = [](int d) {
      int v = recurse<N>(d - 1);
      sink = v;
      return v;
    };
    value = body(depth);
  } else {
    Polygon<N> polygon;
    Shape *shape = &polygon;
    value = shape->area(depth - 1);
  }
  sink = value;
  return value + 1;
}

template <int N> int Polygon<N>::area(int depth) {
  std::map<std::string, int> numbers;
  numbers["a"] = depth;
  int value = recurse<N>(numbers["a"]);
  sink = value;
  return value + 3;
}

static int compare(const void *, const void *) {
  int value = recurse<4>(6);
  sink = value;
  return value;
}

static void *run(void *argument) {
  long index = (long)argument;
  int values[2] = {2, 1};
  int depth = 8 + index % 13;
  switch (index % 5) {
    case 0: sink = recurse<0>(depth); break;
    case 1: sink = recurse<1>(depth); break;
    case 2: sink = recurse<2>(depth); break;
    case 3: sink = recurse<3>(depth); break;
    default: qsort(values, 2, sizeof(int), compare); sink = values[0];
  }
  return nullptr;
}

int main(int count, char **arguments) {
  int threads = count > 1 ? atoi(arguments[1]) : 100;
  pthread_barrier_init(&barrier, nullptr, threads + 1);
  for (long index = 0; index < threads; index++) {
    pthread_t thread;
    pthread_create(&thread, nullptr, run, (void *)index);
  }
  pthread_barrier_wait(&barrier);
  puts("ready");
  fflush(stdout);
  for (;;) pause();
}
