/* The ring's memory layout and its lock-free core: one writer, any number of readers, C11 atomics throughout.
 *
 * Plain C, so that the extension, the stress program and the ThreadSanitizer program compile the very same lines.
 * The protocol (a seqlock per slot, Boehm 2012) and the reason of each fence are told in docs/ring.md; the Python
 * side of the layout is shm/header.py, and a test compares the two field by field.
 *
 * Test builds may define RING_MUTANT_NO_MARK, RING_MUTANT_COMMIT_FIRST, RING_MUTANT_NO_RECHECK (planted errors that
 * the stress program must catch), RING_MUTANT_RELAXED (one that ThreadSanitizer must catch), RING_PAUSE() (a delay
 * inside the critical windows) and RING_WITHOUT_FENCES (release and acquire operations in place of the stand-alone
 * fences, which ThreadSanitizer does not model).
 */
#ifndef BUCKETMM_RING_CORE_H
#define BUCKETMM_RING_CORE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RING_MAGIC UINT64_C(0x31474e4952544d42) /* "BMTRING1" */
#define RING_LAYOUT_VERSION 1u
#define RING_BYTE_ORDER_MARK 0x01020304u
#define RING_BUSY (UINT64_C(1) << 63)
#define RING_RECORD_WORDS 8
#define RING_ROW_WORDS 48
#define RING_READER_SLOTS 16
#define RING_KIND_TOB 1u
#define RING_LAP_RETRIES 8
#define RING_PREFETCH_AHEAD 16 /* measured: 2 and 4 are too near, 8 mostly does */

#define RING_WAITER_FUTEX 1u /* bits of the waiters flag */
#define RING_WAITER_BELL 2u

#ifndef RING_PAUSE
#define RING_PAUSE() ((void)0)
#endif

typedef _Atomic uint64_t ring_word;

typedef struct { /* a record outside the ring: word 0 is its sequence */
    uint64_t word[RING_RECORD_WORDS];
} ring_record;

typedef struct { /* a record in the ring or in the latest table: word 0 is the sequence, bit 63 = being written */
    _Alignas(64) ring_word word[RING_RECORD_WORDS];
} ring_slot;

typedef struct { /* an instrument row: word 0 is a seqlock count (odd = being written), then shm/instruments.py */
    _Alignas(64) ring_word word[RING_ROW_WORDS];
} ring_row;

typedef struct {
    /* Who and what: constant within an epoch, written by shm/header.py before `magic`. */
    _Alignas(128) ring_word magic;
    uint32_t layout_version;
    uint32_t byte_order_mark;
    uint32_t record_bytes;
    uint32_t row_bytes;
    uint64_t capacity;
    uint64_t instruments;
    uint64_t total_bytes;
    uint64_t created_ns;
    uint64_t writer_pid;
    uint64_t writer_start_ticks;
    ring_word epoch;
    ring_word epoch_first_seq;
    /* Clocks at the writer's start: a reader turns time stamp counts into Unix time with them; tsc_hz 0 = unknown. */
    _Alignas(128) uint64_t tsc_hz;
    uint64_t tsc_base;
    uint64_t wall_base_ns;
    uint64_t mono_base_ns;
    /* The pace of a played recording, behind a seqlock count; wall start 0 = live, rate 0 = unpaced. */
    _Alignas(128) ring_word pace_count;
    ring_word pace_wall_start_ns;
    ring_word pace_recording_start_ns;
    ring_word pace_rate_milli;
    _Alignas(128) ring_word heartbeat_ns;
    _Alignas(128) ring_word instruments_count;
    /* The newest sequence, alone on two lines: the adjacent-line prefetcher would drag a neighbour along. */
    _Alignas(128) ring_word cursor;
    _Alignas(128) unsigned char reserved[4096 - 6 * 128];
} ring_header;

typedef struct { /* a registered reader; it owns the slot while it holds the slot's file lock */
    _Alignas(128) ring_word position;
    ring_word pid;
    ring_word start_ticks;
    ring_word flags;
    ring_word lost;
    ring_word bell_generation;
    ring_word bell_armed;
} ring_reader_slot;

typedef struct { /* the only page that readers write; they map everything else read-only */
    _Alignas(128) _Atomic uint32_t waiters; /* who sleeps or is about to: bits */
    _Atomic uint32_t wakes;                 /* how often the writer woke: the futex word */
    ring_reader_slot slot[RING_READER_SLOTS];
    _Alignas(128) unsigned char reserved[4096 - 128 - RING_READER_SLOTS * 128];
} ring_readers;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are little-endian words");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && sizeof(ring_word) == 8, "8-byte atomics must be lock-free");
_Static_assert(sizeof(ring_record) == 64 && sizeof(ring_slot) == 64, "a record is one cache line");
_Static_assert(sizeof(ring_row) == 384, "an instrument row is 384 bytes");
_Static_assert(sizeof(ring_header) == 4096 && sizeof(ring_readers) == 4096, "header and readers: a page each");
_Static_assert(sizeof(ring_reader_slot) == 128, "a reader has two lines of its own");
_Static_assert(offsetof(ring_header, epoch) == 72 && offsetof(ring_header, tsc_hz) == 128, "identity lines");
_Static_assert(offsetof(ring_header, pace_count) == 256 && offsetof(ring_header, heartbeat_ns) == 384, "pace");
_Static_assert(offsetof(ring_header, instruments_count) == 512 && offsetof(ring_header, cursor) == 640, "cursor");
_Static_assert(offsetof(ring_readers, slot) == 128, "the waiters flag is alone on two lines");

#define RING_ROWS_OFFSET (sizeof(ring_header) + sizeof(ring_readers))

static inline size_t ring_latest_offset(uint64_t instruments)
{
    return RING_ROWS_OFFSET + instruments * sizeof(ring_row);
}

static inline size_t ring_slots_offset(uint64_t instruments)
{
    const size_t end = ring_latest_offset(instruments) + instruments * sizeof(ring_slot);
    return (end + 4095) & ~(size_t)4095;
}

static inline size_t ring_total_bytes(uint64_t capacity, uint64_t instruments)
{
    return ring_slots_offset(instruments) + capacity * sizeof(ring_slot);
}

/* ------------------------------------------------------------------------------------------------ one slot */

#ifdef RING_MUTANT_RELAXED
#define RING_COMMIT memory_order_relaxed
#else
#define RING_COMMIT memory_order_release
#endif

#if defined(RING_WITHOUT_FENCES) && !defined(RING_MUTANT_RELAXED)
#define RING_PAYLOAD_STORE memory_order_release
#define RING_PAYLOAD_LOAD memory_order_acquire
#define RING_FENCE(order) ((void)0)
#elif defined(RING_WITHOUT_FENCES)
#define RING_PAYLOAD_STORE memory_order_relaxed
#define RING_PAYLOAD_LOAD memory_order_relaxed
#define RING_FENCE(order) ((void)0)
#else
#define RING_PAYLOAD_STORE memory_order_relaxed
#define RING_PAYLOAD_LOAD memory_order_relaxed
#define RING_FENCE(order) atomic_thread_fence(order)
#endif

/* Copy `count` words behind word 0 in; the caller has marked the destination as being written. */
static inline void ring_words_store(ring_word *to, const uint64_t *from, int count)
{
    for (int i = 1; i < count; i++) {
        atomic_store_explicit(&to[i], from[i], RING_PAYLOAD_STORE);
        RING_PAUSE();
    }
}

static inline void ring_words_load(uint64_t *to, ring_word *from, int count)
{
    for (int i = 1; i < count; i++) {
        to[i] = atomic_load_explicit(&from[i], RING_PAYLOAD_LOAD);
        RING_PAUSE();
    }
}

/* Write words 1-7 of `record` as sequence `seq`. The release fence keeps the mark in front of every payload word: a
 * reader that saw one new word must see the mark (or later) when it re-checks. */
static inline void ring_slot_store(ring_slot *slot, uint64_t seq, const ring_record *record)
{
#ifndef RING_MUTANT_NO_MARK
    atomic_store_explicit(&slot->word[0], RING_BUSY | seq, memory_order_relaxed);
    RING_FENCE(memory_order_release);
#endif
#ifdef RING_MUTANT_COMMIT_FIRST
    atomic_store_explicit(&slot->word[0], seq, memory_order_release);
#endif
    ring_words_store(slot->word, record->word, RING_RECORD_WORDS);
#ifndef RING_MUTANT_COMMIT_FIRST
    atomic_store_explicit(&slot->word[0], seq, RING_COMMIT);
#endif
}

/* Copy the slot out if it still holds the committed sequence `seq`; return whether the copy is whole. The acquire fence
 * keeps the payload loads in front of the re-check. */
static inline int ring_slot_load(ring_slot *slot, uint64_t seq, ring_record *out)
{
    ring_words_load(out->word, slot->word, RING_RECORD_WORDS);
    out->word[0] = seq;
#ifdef RING_MUTANT_NO_RECHECK
    return 1;
#else
    RING_FENCE(memory_order_acquire);
    return atomic_load_explicit(&slot->word[0], memory_order_relaxed) == seq;
#endif
}

/* ------------------------------------------------------------------------------------------------ the writer */

typedef struct {
    ring_header *header;
    ring_readers *readers;
    ring_row *rows;
    ring_slot *latest;
    ring_slot *slots;
    uint64_t mask;
    uint64_t row_mask;
    uint64_t instruments_count;
    uint64_t next_seq;
} ring_writer;

static inline void ring_writer_map(ring_writer *writer, void *memory, uint64_t capacity, uint64_t instruments)
{
    unsigned char *base = memory;
    writer->header = (ring_header *)base;
    writer->readers = (ring_readers *)(base + sizeof(ring_header));
    writer->rows = (ring_row *)(base + RING_ROWS_OFFSET);
    writer->latest = (ring_slot *)(base + ring_latest_offset(instruments));
    writer->slots = (ring_slot *)(base + ring_slots_offset(instruments));
    writer->mask = capacity - 1;
    writer->row_mask = instruments - 1;
    writer->instruments_count = 0;
    writer->next_seq = 1;
}

/* Begin an epoch: go on behind what the last writer committed. It may have died between a slot's commit and the cursor,
 * so committed slots ahead of the cursor count; a slot it left marked is overwritten by the next record (RESET).
 * Instrument indices start anew, hence the latest table is emptied after readers can see the new epoch. */
static inline void ring_writer_begin_epoch(ring_writer *writer, uint64_t epoch)
{
    uint64_t next = atomic_load_explicit(&writer->header->cursor, memory_order_acquire) + 1;
    while (atomic_load_explicit(&writer->slots[next & writer->mask].word[0], memory_order_acquire) == next)
        next++;
    writer->next_seq = next;
    atomic_store_explicit(&writer->header->epoch_first_seq, next, memory_order_relaxed);
    atomic_store_explicit(&writer->header->epoch, epoch, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    atomic_store_explicit(&writer->header->instruments_count, 0, memory_order_relaxed);
    for (uint64_t row = 0; row <= writer->row_mask; row++)
        atomic_store_explicit(&writer->latest[row].word[0], 0, memory_order_relaxed);
    /* The last writer may have died between taking the flag down and the wake: the first record wakes everybody. */
    atomic_fetch_or_explicit(&writer->readers->waiters, RING_WAITER_FUTEX | RING_WAITER_BELL, memory_order_relaxed);
}

/* Keep the newest top of book per instrument; an instrument whose row was given away has no place here. */
static inline void ring_latest_store(ring_writer *writer, uint64_t seq, const ring_record *record)
{
    const uint64_t instrument = (record->word[1] >> 16) & 0xFFFF;
    if (instrument + writer->row_mask + 1 >= writer->instruments_count)
        ring_slot_store(&writer->latest[instrument & writer->row_mask], seq, record);
}

/* Ask for a slot that will be written soon. A reader that keeps up leaves every slot in its own cache, and the writer's
 * fence (ring_notify) would wait for each line on its own; asked for early, the transfers overlap. */
static inline void ring_prefetch_slot(ring_slot *slot)
{
#if defined(__x86_64__)
    __asm__ __volatile__("prefetchw %0" : : "m"(*slot)); /* the builtin makes a prefetch for reading of it */
#else
    __builtin_prefetch(slot, 1);
#endif
}

/* Publish words 1-7 of `record` and return its sequence: slot first (readers poll it), then the latest table, then the
 * cursor, so that whoever sees the cursor also sees the latest table up to it. */
static inline uint64_t ring_publish(ring_writer *writer, const ring_record *record)
{
    const uint64_t seq = writer->next_seq++;
    ring_prefetch_slot(&writer->slots[(seq + RING_PREFETCH_AHEAD) & writer->mask]);
    ring_slot_store(&writer->slots[seq & writer->mask], seq, record);
    if ((record->word[1] & 0xFF) == RING_KIND_TOB)
        ring_latest_store(writer, seq, record);
    atomic_store_explicit(&writer->header->cursor, seq, RING_COMMIT);
    return seq;
}

/* Write words 1.. of an instrument row behind its seqlock count. */
static inline void ring_row_store(ring_row *row, const uint64_t *words)
{
    const uint64_t count = atomic_load_explicit(&row->word[0], memory_order_relaxed) | 1;
    atomic_store_explicit(&row->word[0], count, memory_order_relaxed);
    RING_FENCE(memory_order_release);
    ring_words_store(row->word, words, RING_ROW_WORDS);
    atomic_store_explicit(&row->word[0], count + 1, memory_order_release);
}

static inline int ring_row_load(ring_row *row, uint64_t *words)
{
    const uint64_t count = atomic_load_explicit(&row->word[0], memory_order_acquire);
    if (count & 1)
        return 0;
    ring_words_load(words, row->word, RING_ROW_WORDS);
    RING_FENCE(memory_order_acquire);
    return atomic_load_explicit(&row->word[0], memory_order_relaxed) == count;
}

/* Pace: wall start, recording start, rate, behind the count (odd = being written). */
static inline void ring_pace_store(ring_header *header, uint64_t wall, uint64_t recording, uint64_t rate)
{
    const uint64_t count = atomic_load_explicit(&header->pace_count, memory_order_relaxed) | 1;
    atomic_store_explicit(&header->pace_count, count, memory_order_relaxed);
    RING_FENCE(memory_order_release);
    atomic_store_explicit(&header->pace_wall_start_ns, wall, RING_PAYLOAD_STORE);
    atomic_store_explicit(&header->pace_recording_start_ns, recording, RING_PAYLOAD_STORE);
    atomic_store_explicit(&header->pace_rate_milli, rate, RING_PAYLOAD_STORE);
    atomic_store_explicit(&header->pace_count, count + 1, memory_order_release);
}

static inline int ring_pace_load(ring_header *header, uint64_t triple[3])
{
    const uint64_t count = atomic_load_explicit(&header->pace_count, memory_order_acquire);
    if (count & 1)
        return 0;
    triple[0] = atomic_load_explicit(&header->pace_wall_start_ns, RING_PAYLOAD_LOAD);
    triple[1] = atomic_load_explicit(&header->pace_recording_start_ns, RING_PAYLOAD_LOAD);
    triple[2] = atomic_load_explicit(&header->pace_rate_milli, RING_PAYLOAD_LOAD);
    RING_FENCE(memory_order_acquire);
    return atomic_load_explicit(&header->pace_count, memory_order_relaxed) == count;
}

/* ------------------------------------------------------------------------------------------------ a reader */

typedef struct {
    ring_header *header;
    ring_readers *readers;
    ring_row *rows;
    ring_slot *latest;
    ring_slot *slots;
    ring_reader_slot *own; /* NULL = not registered */
    uint64_t mask;
    uint64_t row_mask;
    uint64_t position; /* the sequence wanted next */
    uint64_t lost;
} ring_reader;

static inline void ring_reader_map(ring_reader *reader, void *memory, void *readers_page, uint64_t capacity,
                                   uint64_t instruments)
{
    unsigned char *base = memory;
    reader->header = (ring_header *)base;
    reader->readers = (ring_readers *)readers_page;
    reader->rows = (ring_row *)(base + RING_ROWS_OFFSET);
    reader->latest = (ring_slot *)(base + ring_latest_offset(instruments));
    reader->slots = (ring_slot *)(base + ring_slots_offset(instruments));
    reader->own = NULL;
    reader->mask = capacity - 1;
    reader->row_mask = instruments - 1;
    reader->position = 1;
    reader->lost = 0;
}

/* Tell the writer's side how far this reader is: the release keeps the copies made before it in front. */
static inline void ring_report_position(ring_reader *reader)
{
    if (reader->own != NULL) {
        atomic_store_explicit(&reader->own->lost, reader->lost, memory_order_relaxed);
        atomic_store_explicit(&reader->own->position, reader->position, memory_order_release);
    }
}

/* Whether the slot wanted next has something to say: the record, or proof of a lap. */
static inline int ring_ready(ring_reader *reader)
{
    const uint64_t seq =
        atomic_load_explicit(&reader->slots[reader->position & reader->mask].word[0], memory_order_acquire);
    return seq == reader->position || (seq & ~RING_BUSY) > reader->position;
}

/* Copy the next record out and step on; return 1, or 0 when there is none. Does not report the position. A lap is
 * counted and the reader goes on at the newest record; the cursor may trail the slots, then it is simply tried again.
 * */
static inline int ring_take(ring_reader *reader, ring_record *out)
{
    for (int attempt = 0; attempt < RING_LAP_RETRIES; attempt++) {
        ring_slot *slot = &reader->slots[reader->position & reader->mask];
        const uint64_t seq = atomic_load_explicit(&slot->word[0], memory_order_acquire);
        if (seq == reader->position && ring_slot_load(slot, seq, out)) {
            reader->position++;
            return 1;
        }
        if ((seq & ~RING_BUSY) < reader->position || seq == (RING_BUSY | reader->position))
            return 0;
        const uint64_t newest = atomic_load_explicit(&reader->header->cursor, memory_order_acquire);
        if (newest <= reader->position)
            return 0;
        reader->lost += newest - reader->position;
        reader->position = newest;
    }
    return 0;
}

static inline int ring_poll(ring_reader *reader, ring_record *out)
{
    if (!ring_take(reader, out))
        return 0;
    ring_report_position(reader);
    return 1;
}

static inline size_t ring_drain(ring_reader *reader, ring_record *out, size_t limit)
{
    size_t count = 0;
    while (count < limit && ring_take(reader, &out[count]))
        count++;
    ring_report_position(reader);
    return count;
}

/* Copy the newest top of book of an instrument; 0 = none. Only the epoch the caller knows counts: its indices mean
 * other tokens in the next one. */
static inline int ring_latest_load(ring_reader *reader, uint64_t instrument, uint64_t epoch, ring_record *out)
{
    ring_slot *slot = &reader->latest[instrument & reader->row_mask];
    for (int attempt = 0; attempt < RING_LAP_RETRIES; attempt++) {
        const uint64_t seq = atomic_load_explicit(&slot->word[0], memory_order_acquire);
        if (seq == 0)
            return 0;
        if ((seq & RING_BUSY) || !ring_slot_load(slot, seq, out))
            continue;
        RING_FENCE(memory_order_acquire);
        return atomic_load_explicit(&reader->header->epoch, memory_order_relaxed) == epoch &&
               ((out->word[1] >> 16) & 0xFFFF) == instrument;
    }
    return 0;
}

#endif
