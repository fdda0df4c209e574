/*
 * Keccak-256 as Ethereum uses it: the sponge of the original submission (padding 0x01, not SHA-3's 0x06) with a rate of
 * 136 bytes. Source: the Keccak reference, keccak.team/keccak_specs_summary.html.
 */
#ifndef BUCKETMM_KECCAK_H
#define BUCKETMM_KECCAK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "lanes are little-endian and are copied as they lie in memory"
#endif

#define KECCAK_RATE 136
#define KECCAK_RATE_LANES (KECCAK_RATE / 8)
#define KECCAK_DIGEST 32
#define KECCAK_LANES 25
#define KECCAK_ROUNDS 24

static inline uint64_t keccak_rotate(uint64_t lane, unsigned by) {
    return by == 0 ? lane : lane << by | lane >> (64 - by);
}

/* The column parities, mixed: what theta adds to each column. */
static inline void keccak_theta(const uint64_t *state, uint64_t *added) {
    uint64_t parity[5];
#pragma GCC unroll 5
    for (int x = 0; x < 5; x++)
        parity[x] = state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20];
#pragma GCC unroll 5
    for (int x = 0; x < 5; x++)
        added[x] = parity[(x + 4) % 5] ^ keccak_rotate(parity[(x + 1) % 5], 1);
}

/* One round; the lane of column x and row y is state[x + 5 * y]. */
static inline void keccak_round(uint64_t *state, uint64_t constant) {
    static const unsigned rotations[KECCAK_LANES] = {0,  1,  62, 28, 27, 36, 44, 6,  55, 20, 3,  10, 43,
                                                     25, 39, 41, 45, 15, 21, 8,  18, 2,  61, 56, 14};
    uint64_t added[5], moved[KECCAK_LANES];
    keccak_theta(state, added);
#pragma GCC unroll 5
    for (int y = 0; y < 5; y++)
#pragma GCC unroll 5
        for (int x = 0; x < 5; x++) /* rho and pi */
            moved[y + 5 * ((2 * x + 3 * y) % 5)] = keccak_rotate(state[x + 5 * y] ^ added[x], rotations[x + 5 * y]);
#pragma GCC unroll 5
    for (int y = 0; y < 5; y++)
#pragma GCC unroll 5
        for (int x = 0; x < 5; x++) /* chi */
            state[x + 5 * y] = moved[x + 5 * y] ^ (~moved[(x + 1) % 5 + 5 * y] & moved[(x + 2) % 5 + 5 * y]);
    state[0] ^= constant; /* iota */
}

static inline void keccak_permute(uint64_t *state) {
    static const uint64_t constants[KECCAK_ROUNDS] = {
        UINT64_C(0x0000000000000001), UINT64_C(0x0000000000008082), UINT64_C(0x800000000000808a),
        UINT64_C(0x8000000080008000), UINT64_C(0x000000000000808b), UINT64_C(0x0000000080000001),
        UINT64_C(0x8000000080008081), UINT64_C(0x8000000000008009), UINT64_C(0x000000000000008a),
        UINT64_C(0x0000000000000088), UINT64_C(0x0000000080008009), UINT64_C(0x000000008000000a),
        UINT64_C(0x000000008000808b), UINT64_C(0x800000000000008b), UINT64_C(0x8000000000008089),
        UINT64_C(0x8000000000008003), UINT64_C(0x8000000000008002), UINT64_C(0x8000000000000080),
        UINT64_C(0x000000000000800a), UINT64_C(0x800000008000000a), UINT64_C(0x8000000080008081),
        UINT64_C(0x8000000000008080), UINT64_C(0x0000000080000001), UINT64_C(0x8000000080008008)};
    uint64_t lanes[KECCAK_LANES]; /* a local copy, so that the compiler may keep lanes in registers */
    memcpy(lanes, state, sizeof lanes);
    for (int round = 0; round < KECCAK_ROUNDS; round++)
        keccak_round(lanes, constants[round]);
    memcpy(state, lanes, sizeof lanes);
}

/* Add one whole block of KECCAK_RATE bytes to the state and permute it. */
static inline void keccak_absorb(uint64_t *state, const unsigned char *block) {
    uint64_t lanes[KECCAK_RATE_LANES];
    memcpy(lanes, block, KECCAK_RATE);
    for (int i = 0; i < KECCAK_RATE_LANES; i++)
        state[i] ^= lanes[i];
    keccak_permute(state);
}

static inline void keccak_256(const unsigned char *data, size_t length, unsigned char *digest) {
    uint64_t state[KECCAK_LANES] = {0};
    unsigned char last[KECCAK_RATE] = {0};
    for (; length >= KECCAK_RATE; data += KECCAK_RATE, length -= KECCAK_RATE)
        keccak_absorb(state, data);
    if (length != 0)
        memcpy(last, data, length);
    last[length] ^= 0x01;
    last[KECCAK_RATE - 1] ^= 0x80;
    keccak_absorb(state, last);
    memcpy(digest, state, KECCAK_DIGEST);
}

#endif
