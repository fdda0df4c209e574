/*
 * One side of a book: sizes by price on the 1e-4 grid, with the occupied prices as a two-level bitmap, so that setting
 * a level, clearing the side and finding the best levels cost a few instructions each, whatever the book holds.
 */
#ifndef BUCKETMM_LADDER_H
#define BUCKETMM_LADDER_H

#include <stdint.h>
#include <string.h>

#define LADDER_PRICES 10001
#define LADDER_WORDS ((LADDER_PRICES + 63) / 64)
#define LADDER_SUMMARY_WORDS ((LADDER_WORDS + 63) / 64)
#define LADDER_NONE (-1)

typedef struct ladder {
    uint64_t summary[LADDER_SUMMARY_WORDS]; /* bit w: occupied[w] is not 0 */
    uint64_t occupied[LADDER_WORDS];        /* bit p: there is a level at price p */
    uint64_t size_u6[LADDER_PRICES];        /* valid where the price is occupied */
    int64_t changed_ns[LADDER_PRICES];      /* venue time of the level's last change; outlives the level */
} ladder;

static inline void ladder_clear(ladder *side) {
    memset(side->summary, 0, sizeof side->summary);
    memset(side->occupied, 0, sizeof side->occupied);
}

static inline void ladder_forget_changes(ladder *side) {
    memset(side->changed_ns, 0, sizeof side->changed_ns);
}

static inline uint64_t ladder_size(const ladder *side, int price_e4) {
    int is_occupied = side->occupied[price_e4 >> 6] >> (price_e4 & 63) & 1;
    return is_occupied ? side->size_u6[price_e4] : 0;
}

/* Set or, with size 0, remove a level; the caller has checked that the price is within 1..9999. */
static inline void ladder_set(ladder *side, int price_e4, uint64_t size_u6) {
    int word = price_e4 >> 6;
    uint64_t bit = (uint64_t)1 << (price_e4 & 63);
    if (size_u6) {
        side->size_u6[price_e4] = size_u6;
        side->occupied[word] |= bit;
        side->summary[word >> 6] |= (uint64_t)1 << (word & 63);
        return;
    }
    side->occupied[word] &= ~bit;
    if (!side->occupied[word])
        side->summary[word >> 6] &= ~((uint64_t)1 << (word & 63));
}

/* The highest set bit below `limit`, in a map of 64-bit words; LADDER_NONE when there is none. */
static inline int ladder_bit_below(const uint64_t *map, int limit) {
    int word = limit >> 6;
    uint64_t bits = limit & 63 ? map[word] & (((uint64_t)1 << (limit & 63)) - 1) : 0;
    while (!bits) {
        if (--word < 0)
            return LADDER_NONE;
        bits = map[word];
    }
    return word << 6 | (63 - __builtin_clzll(bits));
}

/* The lowest set bit at or above `limit`, in a map of `words` 64-bit words; LADDER_NONE when there is none. */
static inline int ladder_bit_from(const uint64_t *map, int limit, int words) {
    int word = limit >> 6;
    uint64_t bits = word < words ? map[word] & ~(uint64_t)0 << (limit & 63) : 0;
    while (!bits) {
        if (++word >= words)
            return LADDER_NONE;
        bits = map[word];
    }
    return word << 6 | __builtin_ctzll(bits);
}

/* The highest occupied price below `limit`, LADDER_NONE when there is none. */
static inline int ladder_below(const ladder *side, int limit) {
    int word = limit >> 6;
    uint64_t bits = limit & 63 ? side->occupied[word] & (((uint64_t)1 << (limit & 63)) - 1) : 0;
    if (!bits) {
        word = ladder_bit_below(side->summary, word);
        if (word == LADDER_NONE)
            return LADDER_NONE;
        bits = side->occupied[word];
    }
    return word << 6 | (63 - __builtin_clzll(bits));
}

/* The lowest occupied price at or above `limit`, LADDER_NONE when there is none. */
static inline int ladder_from(const ladder *side, int limit) {
    int word = limit >> 6;
    uint64_t bits = side->occupied[word] & ~(uint64_t)0 << (limit & 63);
    if (!bits) {
        word = ladder_bit_from(side->summary, word + 1, LADDER_SUMMARY_WORDS);
        if (word == LADDER_NONE)
            return LADDER_NONE;
        bits = side->occupied[word];
    }
    return word << 6 | __builtin_ctzll(bits);
}

/* The record word of a level (shm/layout.py): size_u6 << 16 | price_e4; 0 for LADDER_NONE. */
static inline uint64_t ladder_level(const ladder *side, int price_e4) {
    return price_e4 == LADDER_NONE ? 0 : side->size_u6[price_e4] << 16 | (uint64_t)price_e4;
}

/* The two best levels of a side, the best price being the highest (bids) or the lowest (asks). */
static inline void ladder_best_bids(const ladder *side, uint64_t *first, uint64_t *second) {
    int best = ladder_below(side, LADDER_PRICES - 1);
    *first = ladder_level(side, best);
    *second = best == LADDER_NONE ? 0 : ladder_level(side, ladder_below(side, best));
}

static inline void ladder_best_asks(const ladder *side, uint64_t *first, uint64_t *second) {
    int best = ladder_from(side, 1);
    *first = ladder_level(side, best);
    *second = best == LADDER_NONE ? 0 : ladder_level(side, ladder_from(side, best + 1));
}

#endif
