/* Measuring loops for `bucketmm ring bench`: cache-line ping-pong, stamped one-way latency, floods, the cost of a
 * wake. */
#ifndef BUCKETMM_RING_BENCH_H
#define BUCKETMM_RING_BENCH_H

#include "ring_wait.h"

#define BENCH_PATIENCE_TICKS (UINT64_C(1) << 34) /* some seconds: the reader died */

typedef struct {
    uint64_t got, torn, last_seq;
} bench_tally;

/* One word on a line of its own goes to and fro: the lead writes odd numbers and waits for the follower's even ones. */
static inline void bench_pingpong_lead(ring_word *line, uint64_t rounds, uint64_t *round_trip_ticks)
{
    for (uint64_t i = 0; i < rounds; i++) {
        const uint64_t start = ring_ticks();
        atomic_store_explicit(line, 2 * i + 1, memory_order_release);
        while (atomic_load_explicit(line, memory_order_acquire) != 2 * i + 2)
            ;
        round_trip_ticks[i] = ring_ticks() - start;
    }
}

static inline void bench_pingpong_follow(ring_word *line, uint64_t rounds)
{
    for (uint64_t i = 0; i < rounds; i++) {
        while (atomic_load_explicit(line, memory_order_acquire) != 2 * i + 1)
            ;
        atomic_store_explicit(line, 2 * i + 2, memory_order_release);
    }
}

/* A top of book whose levels follow from its time stamp, so that a reader can tell a torn one. */
static inline ring_record bench_record(uint64_t ticks)
{
    return (ring_record){{0, RING_KIND_TOB, ticks + 2, ticks + 3, ticks + 4, ticks + 5, ticks, ticks}};
}

static inline int bench_is_torn(const ring_record *record)
{
    for (uint64_t word = 2; word < 6; word++)
        if (record->word[word] != record->word[6] + word)
            return 1;
    return record->word[7] != record->word[6];
}

static inline void bench_pass(uint64_t interval)
{
    const uint64_t due = ring_ticks() + interval;
    while (ring_ticks() < due)
        ring_pause();
}

/* Publish `count` stamped records as fast as it goes; return the ticks it took. */
static inline uint64_t bench_flood(ring_writer *writer, uint64_t count)
{
    const uint64_t start = ring_ticks();
    for (uint64_t i = 0; i < count; i++) {
        const ring_record record = bench_record(ring_ticks());
        ring_publish(writer, &record);
        ring_notify(writer->readers);
    }
    return ring_ticks() - start;
}

/* Publish `count` stamped records, each after reader slot 0 has taken the one before and `interval` ticks more, as the
 * ping-pong does: a reader that lost its core for a while is late for one record and not for a queue of them. */
static inline void bench_write_in_turn(ring_writer *writer, uint64_t count, uint64_t interval)
{
    ring_word *position = &writer->readers->slot[0].position;
    for (uint64_t i = 0; i < count; i++) {
        const ring_record record = bench_record(ring_ticks());
        const uint64_t seq = ring_publish(writer, &record), patience = ring_ticks() + BENCH_PATIENCE_TICKS;
        ring_notify(writer->readers);
        while (atomic_load_explicit(position, memory_order_acquire) <= seq && ring_ticks() < patience)
            ring_pause();
        bench_pass(interval);
    }
}

/* Publish `count` records to a reader that has gone to sleep each time; note what each publish cost, wake included. */
static inline void bench_write_to_sleeper(ring_writer *writer, uint64_t count, uint64_t interval, uint64_t *cost_ticks)
{
    for (uint64_t i = 0; i < count; i++) {
        bench_pass(interval);
        const ring_record record = bench_record(ring_ticks());
        const uint64_t start = ring_ticks();
        ring_publish(writer, &record);
        ring_notify(writer->readers);
        cost_ticks[i] = ring_ticks() - start;
    }
}

/* Read until the ring's sequence `last`, spinning or sleeping, and note each record's age in ticks if `age_ticks`. */
static inline bench_tally bench_read(ring_reader *reader, uint64_t last, int sleeping, uint64_t *age_ticks)
{
    bench_tally tally = {0, 0, 0};
    ring_record record;
    while (tally.last_seq < last) {
        if (!ring_poll(reader, &record)) {
            if (sleeping)
                ring_sleep(reader, ring_monotonic_ns() + 100000000);
            else
                ring_pause(); /* as ring_spin: a tight loop of loads pays a flush for each change it sees */
            continue;
        }
        if (age_ticks)
            age_ticks[tally.got] = ring_ticks() - record.word[6];
        tally.torn += (record.word[1] & 0xFF) == RING_KIND_TOB && bench_is_torn(&record);
        tally.got++;
        tally.last_seq = record.word[0];
    }
    return tally;
}

/* A fixed piece of arithmetic: its time tells whether a neighbour slowed this core down. */
static inline uint64_t bench_probe(uint64_t steps)
{
    const uint64_t start = ring_ticks();
    uint64_t value = start;
    for (uint64_t i = 0; i < steps; i++)
        value = (value ^ (value >> 29)) * UINT64_C(0x9E3779B97F4A7C15);
    atomic_signal_fence(memory_order_seq_cst);
    return ring_ticks() - start + (value == 0);
}

#endif
