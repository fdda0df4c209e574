/* Waiting for a record and waking who waits, and the clocks of the ring: Linux futex, pause loop, time stamp counter.
 * */
#ifndef BUCKETMM_RING_WAIT_H
#define BUCKETMM_RING_WAIT_H

#include "ring_core.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#define RING_SPIN_CHUNK 64 /* pauses between two looks at the clock */

static inline uint64_t ring_clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static inline uint64_t ring_monotonic_ns(void)
{
    return ring_clock_ns(CLOCK_MONOTONIC);
}

static inline void ring_pause(void)
{
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

/* A time stamp that all cores share: the invariant TSC on x86-64, else CLOCK_MONOTONIC. */
static inline uint64_t ring_ticks(void)
{
#if defined(__x86_64__)
    return __rdtsc();
#else
    return ring_monotonic_ns();
#endif
}

/* Measure the time stamp's rate against CLOCK_MONOTONIC over `length_ns`: (hz, base ticks, base monotonic ns). */
static inline void ring_calibrate_ticks(uint64_t length_ns, uint64_t out[3])
{
    const uint64_t start_ns = ring_monotonic_ns(), start = ring_ticks();
    uint64_t now_ns = start_ns, now = start;
    while (now_ns - start_ns < length_ns) {
        now_ns = ring_monotonic_ns();
        now = ring_ticks();
    }
    out[0] = (uint64_t)((double)(now - start) * 1e9 / (double)(now_ns - start_ns) + 0.5);
    out[1] = now;
    out[2] = now_ns;
}

static inline long ring_futex(_Atomic uint32_t *word, int operation, uint32_t value, const struct timespec *timeout)
{
    return syscall(SYS_futex, (uint32_t *)word, operation, value, timeout, NULL, 0);
}

/* Wake whoever said that it sleeps; return the waiters' bits (RING_WAITER_BELL is the caller's to ring). The fence
 * pairs with the one in ring_announce: either the writer sees the flag or the reader sees the record. The flag is
 * taken down before the wake, so that a reader that died asleep costs one call. The count is the futex word and not
 * the flag, because a second reader may raise the flag again before the first has gone to sleep
 * (tests/model/wait.pml). */
static inline uint32_t ring_notify(ring_readers *readers)
{
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&readers->waiters, memory_order_relaxed) == 0)
        return 0;
    const uint32_t waiters = atomic_exchange_explicit(&readers->waiters, 0, memory_order_seq_cst);
    if (waiters & RING_WAITER_FUTEX) {
        atomic_fetch_add_explicit(&readers->wakes, 1, memory_order_seq_cst);
        ring_futex(&readers->wakes, FUTEX_WAKE, INT_MAX, NULL);
    }
    return waiters;
}

/* Say that this reader is about to sleep and look once more; return whether it may sleep. */
static inline int ring_announce(ring_reader *reader, uint32_t bit)
{
    atomic_fetch_or_explicit(&reader->readers->waiters, bit, memory_order_seq_cst);
    atomic_thread_fence(memory_order_seq_cst);
    return !ring_ready(reader);
}

/* Poll without sleeping until there is a record or `deadline_ns` (CLOCK_MONOTONIC); return whether there is one. */
static inline int ring_spin(ring_reader *reader, uint64_t deadline_ns)
{
    for (;;) {
        for (int i = 0; i < RING_SPIN_CHUNK; i++) {
            if (ring_ready(reader))
                return 1;
            ring_pause();
        }
        if (ring_monotonic_ns() >= deadline_ns)
            return 0;
    }
}

/* Sleep once, until a wake, a signal or the deadline; return 1 ready, 0 woken or timed out, -1 interrupted by a
 * signal. */
static inline int ring_sleep(ring_reader *reader, uint64_t deadline_ns)
{
    const uint64_t now_ns = ring_monotonic_ns();
    if (now_ns >= deadline_ns)
        return ring_ready(reader);
    const uint32_t wakes = atomic_load_explicit(&reader->readers->wakes, memory_order_acquire);
    if (!ring_announce(reader, RING_WAITER_FUTEX))
        return 1;
    const uint64_t left_ns = deadline_ns - now_ns;
    const struct timespec timeout = {(time_t)(left_ns / 1000000000), (long)(left_ns % 1000000000)};
    if (ring_futex(&reader->readers->wakes, FUTEX_WAIT, wakes, &timeout) != 0 && errno == EINTR)
        return -1;
    return ring_ready(reader);
}

#endif
