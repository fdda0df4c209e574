/* Stress the ring between processes: every record carries words that follow from its sequence, so a reader can tell a
 * torn one; readers are delayed and the writer is killed in the middle of its stores. At the end got + lost = sent
 * must hold.
 *
 *   ring_stress [-n records] [-c capacity] [-r readers] [-k mean records between kills] [-d] [-1] [-w] [-s seed]
 *     -d  delay both sides inside a record, at random        -1  everything on one core
 *     -w  readers sleep on the futex and the writer pauses now and then; a sleep that nobody ended counts as missed
 *
 * Prints one JSON object; exit status 0 = sound, 1 = torn, miscounted or missed, 2 = bad arguments or no memory.
 */
#define _GNU_SOURCE
#include <stdint.h>

static void stress_pause(void);
#ifndef STRESS_WITHOUT_PAUSES
#define RING_PAUSE() stress_pause()
#endif
#include "ring_wait.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define INSTRUMENTS 4
#define READERS_MAX 8
#define KILLED 9
#define SLEEP_NS UINT64_C(2000000000)

typedef struct {
    uint64_t records, capacity, readers, kill_mean, seed;
    int delay, one_core, sleeping;
} options;

typedef struct {
    _Alignas(128) uint64_t got, lost, torn, latest_torn, missed;
} tally;

typedef struct {
    _Alignas(128) _Atomic int done;
    tally reader[READERS_MAX];
} board;

static uint64_t random_state;
static uint64_t pauses_to_death; /* writer only; 0 = immortal */
static int delays, yields;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void burn(uint64_t pauses)
{
    for (uint64_t i = 0; i < pauses; i++)
        ring_pause();
}

/* Called between the words of a record, on both sides: where a delay or a death hurts most. */
static void stress_pause(void)
{
    if (pauses_to_death != 0 && --pauses_to_death == 0)
        _exit(KILLED);
    if (!delays || (next_random() & 0xFFF) != 0)
        return;
    if (yields)
        sched_yield();
    else
        burn(next_random() & 0x3FF);
}

static uint64_t mix(uint64_t seq, uint64_t word)
{
    uint64_t value = (seq * 8 + word) * UINT64_C(0x9E3779B97F4A7C15);
    return value ^ (value >> 29);
}

static ring_record expected(uint64_t seq)
{
    ring_record record = {{seq}};
    const uint64_t kind = seq & 1 ? RING_KIND_TOB : 2;
    record.word[1] = kind | (seq / 2 % INSTRUMENTS) << 16 | mix(seq, 1) << 32;
    for (uint64_t word = 2; word < RING_RECORD_WORDS; word++)
        record.word[word] = mix(seq, word);
    return record;
}

static int is_whole(const ring_record *record)
{
    const ring_record right = expected(record->word[0]);
    return memcmp(record, &right, sizeof(right)) == 0;
}

static void write_until(void *memory, const options *chosen, uint64_t epoch)
{
    ring_writer writer;
    ring_writer_map(&writer, memory, chosen->capacity, INSTRUMENTS);
    ring_writer_begin_epoch(&writer, epoch);
    writer.instruments_count = INSTRUMENTS;
    random_state = chosen->seed * 1000003 + epoch * 7919 + 1;
    next_random();
    delays = chosen->delay;
    yields = chosen->one_core;
    if (chosen->kill_mean != 0)
        pauses_to_death = 1 + next_random() % (chosen->kill_mean * RING_RECORD_WORDS * 2);
    while (writer.next_seq <= chosen->records) {
        const ring_record record = expected(writer.next_seq);
        ring_publish(&writer, &record);
        ring_notify(writer.readers);
        if (chosen->sleeping && (next_random() & 31) == 0)
            usleep((useconds_t)(next_random() & 63));
        if (chosen->one_core && (next_random() & 63) == 0)
            sched_yield();
    }
    _exit(0);
}

static void check_latest(ring_reader *reader, tally *count, uint64_t instrument)
{
    ring_record record;
    const uint64_t epoch = atomic_load(&reader->header->epoch);
    if (ring_latest_load(reader, instrument, epoch, &record) && !is_whole(&record))
        count->latest_torn++;
}

/* Nothing to read: sleep, or give the core away where there is only one. */
static void idle(ring_reader *reader, tally *count, const options *chosen, board *shared)
{
    if (!chosen->sleeping) {
        sched_yield();
        return;
    }
    const uint64_t deadline_ns = ring_monotonic_ns() + SLEEP_NS;
    ring_sleep(reader, deadline_ns);
    if (ring_monotonic_ns() >= deadline_ns && ring_ready(reader) && !atomic_load(&shared->done))
        count->missed++;
}

static void read_until_done(void *memory, const options *chosen, board *shared, uint64_t number)
{
    ring_reader reader;
    ring_record record;
    tally count = {0};
    unsigned char *base = memory;
    ring_reader_map(&reader, memory, base + sizeof(ring_header), chosen->capacity, INSTRUMENTS);
    random_state = chosen->seed * 31 + number + 17;
    delays = chosen->delay;
    yields = chosen->one_core;
    for (;;) {
        const int done = atomic_load(&shared->done);
        if (ring_poll(&reader, &record)) {
            count.got++;
            count.torn += !is_whole(&record);
            if ((count.got & 15) == 0)
                check_latest(&reader, &count, count.got / 16 % INSTRUMENTS);
            if (chosen->delay && (next_random() & 0xFFFFF) == 0)
                usleep(500);
        } else if (done) {
            break;
        } else {
            idle(&reader, &count, chosen, shared);
        }
    }
    count.lost = reader.lost;
    shared->reader[number] = count;
    _exit(0);
}

static void *shared_memory(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) {
        perror("ring_stress: mmap");
        exit(2);
    }
    return memory;
}

static options parse(int argc, char **argv)
{
    options chosen = {.records = 1000000, .capacity = 1024, .readers = 1, .seed = 1};
    for (int flag; (flag = getopt(argc, argv, "n:c:r:k:s:d1w")) != -1;) {
        switch (flag) {
        case 'n': chosen.records = strtoull(optarg, NULL, 10); break;
        case 'c': chosen.capacity = strtoull(optarg, NULL, 10); break;
        case 'r': chosen.readers = strtoull(optarg, NULL, 10); break;
        case 'k': chosen.kill_mean = strtoull(optarg, NULL, 10); break;
        case 's': chosen.seed = strtoull(optarg, NULL, 10); break;
        case 'd': chosen.delay = 1; break;
        case '1': chosen.one_core = 1; break;
        case 'w': chosen.sleeping = 1; break;
        default: exit(2);
        }
    }
    if (chosen.readers < 1 || chosen.readers > READERS_MAX || (chosen.capacity & (chosen.capacity - 1)) != 0) {
        fprintf(stderr, "ring_stress: readers must be 1..%d and the capacity a power of two\n", READERS_MAX);
        exit(2);
    }
    return chosen;
}

/* Run writers one after the other until one lives to the end; return how many were killed. */
static uint64_t run_writers(void *memory, const options *chosen)
{
    for (uint64_t epoch = 1;; epoch++) {
        int status = 0;
        const pid_t pid = fork();
        if (pid == 0)
            write_until(memory, chosen, epoch);
        waitpid(pid, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            return epoch - 1;
    }
}

static int report(const options *chosen, const board *shared, uint64_t sent, uint64_t kills, double seconds)
{
    uint64_t bad = 0;
    printf("{\"sent\": %lu, \"kills\": %lu, \"seconds\": %.3f, \"readers\": [", sent, kills, seconds);
    for (uint64_t i = 0; i < chosen->readers; i++) {
        const tally *count = &shared->reader[i];
        printf("%s{\"got\": %lu, \"lost\": %lu, \"torn\": %lu, \"latest_torn\": %lu, \"missed\": %lu}", i ? ", " : "",
               count->got, count->lost, count->torn, count->latest_torn, count->missed);
        bad += count->torn + count->latest_torn + count->missed + (count->got + count->lost != sent);
    }
    printf("], \"sound\": %s}\n", bad ? "false" : "true");
    return bad != 0;
}

int main(int argc, char **argv)
{
    const options chosen = parse(argc, argv);
    void *memory = shared_memory(ring_total_bytes(chosen.capacity, INSTRUMENTS));
    board *shared = shared_memory(sizeof(board));
    if (chosen.one_core) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(0, &one);
        sched_setaffinity(0, sizeof(one), &one);
    }
    const uint64_t start_ns = ring_monotonic_ns();
    pid_t readers[READERS_MAX];
    for (uint64_t i = 0; i < chosen.readers; i++)
        if ((readers[i] = fork()) == 0)
            read_until_done(memory, &chosen, shared, i);
    const uint64_t kills = run_writers(memory, &chosen);
    atomic_store(&shared->done, 1);
    ring_readers *page = (ring_readers *)((unsigned char *)memory + sizeof(ring_header));
    atomic_fetch_add(&page->wakes, 1);
    ring_futex(&page->wakes, FUTEX_WAKE, INT_MAX, NULL);
    for (uint64_t i = 0; i < chosen.readers; i++)
        waitpid(readers[i], NULL, 0);
    const double seconds = (double)(ring_monotonic_ns() - start_ns) / 1e9;
    return report(&chosen, shared, atomic_load(&((ring_header *)memory)->cursor), kills, seconds);
}
