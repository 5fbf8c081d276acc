// Provides what Embedded Swift asks of libm: one function, for the sizes of hash tables.
//
// For its sake each handler had a library of 900 KB mapped, with 16 KB of memory of its own and a fifth of the time that
// the linker takes at the start. Processors before SSE 4.1 have no instruction for it, so it is a call.
#ifdef SENTRY_EMBEDDED
// The smallest whole number that is not less than `value`, as ceil(3) has it.
double ceil(double value) {
  // From 2^52 on every number is whole. Infinity and what is not a number are not below it either.
  if (!(__builtin_fabs(value) < 4503599627370496.0)) return value;
  double whole = (double)(long)value;
  if (whole < value) whole += 1;
  // Of numbers above -1 and below 0 the result is -0.
  return __builtin_copysign(whole, value);
}
#endif
