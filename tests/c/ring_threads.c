/* The ring's core between threads, for ThreadSanitizer: one writer, two readers, plain (non-atomic) data beside the
 * ring.
 *
 * The writer fills `beside[seq]` before it publishes `seq` and a reader looks at it after it got `seq`, so the
 * sanitizer reports a race unless the commit really is a release and the poll an acquire. Built with
 * RING_WITHOUT_FENCES, because the sanitizer does not model stand-alone fences; what they are for is shown by
 * tests/model/ring.pml. Prints "got N torn M".
 */
#define RING_WITHOUT_FENCES
#include "ring_core.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define CAPACITY 64
#define INSTRUMENTS 2
#define RECORDS 100000

static _Alignas(4096) unsigned char memory[1 << 16];
static uint64_t beside[RECORDS + 1];

typedef struct {
    uint64_t got, torn;
} tally;

static void *write_all(void *unused)
{
    ring_writer writer;
    (void)unused;
    ring_writer_map(&writer, memory, CAPACITY, INSTRUMENTS);
    writer.instruments_count = INSTRUMENTS;
    for (uint64_t seq = 1; seq <= RECORDS; seq++) {
        const ring_record record = {{0, RING_KIND_TOB | (seq & 1) << 16, seq, seq, seq, seq, seq, seq}};
        beside[seq] = seq;
        ring_publish(&writer, &record);
        if (seq % 32 == 0)
            sched_yield();
    }
    return NULL;
}

static int is_whole(const ring_record *record)
{
    for (int word = 2; word < RING_RECORD_WORDS; word++)
        if (record->word[word] != record->word[0])
            return 0;
    return beside[record->word[0]] == record->word[0];
}

static void *read_all(void *result)
{
    tally *count = result;
    ring_reader reader;
    ring_record record;
    ring_reader_map(&reader, memory, memory + sizeof(ring_header), CAPACITY, INSTRUMENTS);
    while (reader.position <= RECORDS) {
        if (ring_poll(&reader, &record)) {
            count->got++;
            count->torn += !is_whole(&record);
        } else if (ring_latest_load(&reader, 1, 0, &record)) {
            count->torn += !is_whole(&record);
        }
    }
    return NULL;
}

int main(void)
{
    pthread_t writer, reader[2];
    tally count[2] = {{0, 0}, {0, 0}};
    if (ring_total_bytes(CAPACITY, INSTRUMENTS) > sizeof(memory))
        return 2;
    for (int i = 0; i < 2; i++)
        pthread_create(&reader[i], NULL, read_all, &count[i]);
    pthread_create(&writer, NULL, write_all, NULL);
    pthread_join(writer, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(reader[i], NULL);
    printf("got %lu torn %lu\n", count[0].got + count[1].got, count[0].torn + count[1].torn);
    return count[0].torn + count[1].torn != 0;
}
