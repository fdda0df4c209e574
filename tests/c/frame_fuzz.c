/*
 * Scans mutated frames under AddressSanitizer and UndefinedBehaviorSanitizer: every frame lies in a buffer of exactly its
 * length, so that one byte read too far ends the program. Usage: frame_fuzz SEED ROUNDS; prints how many were recognised.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "frame.h"
#include "ladder.h"

static const char *const SEEDS[] = {
    "{\"event_type\":\"book\",\"asset_id\":\"123\",\"market\":\"0xab\",\"bids\":[{\"price\":\"0.48\",\"size\":\"30\"},"
    "{\"price\":\"0.49\",\"size\":\"20.25\"}],\"asks\":[{\"price\":\".53\",\"size\":\"0\"}],\"timestamp\":\"1757908892351\"}",
    "{\"market\":\"0x5f\",\"price_changes\":[{\"asset_id\":\"71\",\"price\":\"0.5\",\"size\":\"200\",\"side\":\"BUY\","
    "\"hash\":\"56\",\"best_bid\":\"0.5\",\"best_ask\":\"1\"},{\"asset_id\":\"52\",\"price\":\"0.5\",\"size\":\"200\","
    "\"side\":\"SELL\"}],\"timestamp\":\"1757908892351\",\"event_type\":\"price_change\"}",
    " { \"event_type\" : \"book\" , \"bids\" : [ ] , \"asks\" : [ ] , \"neg_risk\" : false , \"asset_id\" : \"1\" ,"
    " \"timestamp\" : \"1\" } ",
};
static const char ALPHABET[] = "{}[]\":,.\\ 0123456789truefalsnlBUYSELprice\n\t\x80\xff";

static uint64_t state;

static uint32_t draw(uint32_t below) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((state >> 33) % below);
}

/* A copy of a seed with a few bytes changed, inserted or cut off, in memory of its own length. */
static char *mutate(size_t *length) {
    const char *seed = SEEDS[draw(sizeof SEEDS / sizeof *SEEDS)];
    size_t room = strlen(seed) + 16, size = strlen(seed);
    char *text = malloc(room), *exact;
    memcpy(text, seed, size);
    for (uint32_t changes = draw(4); changes > 0 && size > 1; changes--) {
        size_t at = draw((uint32_t)size);
        char byte = ALPHABET[draw(sizeof ALPHABET - 1)];
        switch (draw(4)) {
        case 0: text[at] = byte; break;
        case 1: memmove(text + at + 1, text + at, size - at); text[at] = byte; size++; break;
        case 2: memmove(text + at, text + at + 1, size - at - 1); size--; break;
        default: size = at + 1; break;
        }
    }
    exact = malloc(size);
    memcpy(exact, text, size);
    free(text);
    *length = size;
    return exact;
}

static void check_level(const frame_level *level) {
    if (level->price_e4 < 1 || level->price_e4 > 9999 || level->size_u6 > FRAME_SIZE_U6_MAX)
        abort();
}

/* What the scanner gives out must be fit for the ladder, and the ladder must hold it. */
static void apply(const frame *scanned, ladder *sides) {
    for (int side = 0; side < 2; side++) {
        uint64_t first, second;
        ladder_clear(&sides[side]);
        for (int i = 0; i < scanned->counts[side]; i++) {
            check_level(&scanned->levels[side][i]);
            ladder_set(&sides[side], scanned->levels[side][i].price_e4, scanned->levels[side][i].size_u6);
        }
        ladder_best_bids(&sides[side], &first, &second);
        ladder_best_asks(&sides[side], &first, &second);
    }
}

int main(int argc, char **argv) {
    frame *scanned = calloc(1, sizeof *scanned);
    ladder *sides = calloc(2, sizeof *sides);
    uint64_t recognised = 0, rounds;
    if (argc != 3)
        return 2;
    state = strtoull(argv[1], NULL, 10);
    rounds = strtoull(argv[2], NULL, 10);
    for (uint64_t i = 0; i < rounds; i++) {
        size_t length;
        char *text = mutate(&length);
        int kind = frame_scan(text, length, scanned);
        recognised += kind != FRAME_OTHER;
        if (kind == FRAME_BOOK)
            apply(scanned, sides);
        for (int n = 0; kind == FRAME_PRICE_CHANGE && n < scanned->changes_count; n++)
            check_level(&scanned->changes[n].level);
        free(text);
    }
    printf("%" PRIu64 "\n", recognised);
    free(scanned);
    free(sides);
    return 0;
}
