#pragma once

// TROUPE_SANITIZED is 1 under a sanitizer, where code runs many times slower:
// for tests that count what they do.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#  define TROUPE_SANITIZED 1
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#    define TROUPE_SANITIZED 1
#  endif
#endif
#ifndef TROUPE_SANITIZED
#  define TROUPE_SANITIZED 0
#endif
