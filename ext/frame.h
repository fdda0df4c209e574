/*
 * Scans one market-channel frame into integers: a `book` or a `price_change` object exactly as the venue writes them
 * (protocol.md 5). Anything else, valid or not, is FRAME_OTHER: the general reader in Python decides about it. The
 * scanner therefore accepts a subset of what the general reader accepts, and reads the same from it.
 */
#ifndef BUCKETMM_FRAME_H
#define BUCKETMM_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FRAME_LEVELS_MAX 4096
#define FRAME_CHANGES_MAX 256
#define FRAME_SIZE_U6_MAX (((uint64_t)1 << 48) - 1)
#define FRAME_NOT_SAID (-1)

enum { FRAME_OTHER = 0, FRAME_BOOK = 1, FRAME_PRICE_CHANGE = 2 };
enum { FRAME_BID = 0, FRAME_ASK = 1 };

typedef struct frame_text {
    const char *start;
    size_t length;
} frame_text;

typedef struct frame_level {
    uint64_t size_u6;
    int price_e4;
} frame_level;

typedef struct frame_change {
    frame_text asset;
    frame_level level;
    int side;
    int best_bid_e4;
    int best_ask_e4;
} frame_change;

typedef struct frame {
    int64_t venue_ts_ns;
    frame_text asset;
    int kind;
    int counts[2]; /* levels a side */
    int changes_count;
    frame_level levels[2][FRAME_LEVELS_MAX];
    frame_change changes[FRAME_CHANGES_MAX];
} frame;

typedef struct frame_cursor {
    const char *at;
    const char *end;
} frame_cursor;

static inline void frame_skip_space(frame_cursor *cursor) {
    while (cursor->at < cursor->end &&
           (*cursor->at == ' ' || *cursor->at == '\n' || *cursor->at == '\t' || *cursor->at == '\r'))
        cursor->at++;
}

/* Take one character, after any white space. */
static inline int frame_take(frame_cursor *cursor, char expected) {
    frame_skip_space(cursor);
    if (cursor->at >= cursor->end || *cursor->at != expected)
        return 0;
    cursor->at++;
    return 1;
}

/* Take a string of printable ASCII without escapes. */
static inline int frame_take_text(frame_cursor *cursor, frame_text *text) {
    const char *at;
    if (!frame_take(cursor, '"'))
        return 0;
    for (at = cursor->at; at < cursor->end && *at != '"'; at++)
        if (*at == '\\' || (unsigned char)*at < 0x20 || (unsigned char)*at >= 0x80)
            return 0;
    if (at >= cursor->end)
        return 0;
    text->start = cursor->at;
    text->length = (size_t)(at - cursor->at);
    cursor->at = at + 1;
    return 1;
}

static inline int frame_is(const frame_text *text, const char *word) {
    size_t length = strlen(word);
    return text->length == length && memcmp(text->start, word, length) == 0;
}

/* Skip the value of a field that nobody needs: a string, true, false or null. */
static inline int frame_skip_value(frame_cursor *cursor) {
    static const char *const words[] = {"true", "false", "null"};
    frame_text text;
    frame_skip_space(cursor);
    if (cursor->at < cursor->end && *cursor->at == '"')
        return frame_take_text(cursor, &text);
    for (int i = 0; i < 3; i++) {
        size_t length = strlen(words[i]);
        if ((size_t)(cursor->end - cursor->at) >= length && memcmp(cursor->at, words[i], length) == 0) {
            cursor->at += length;
            return 1;
        }
    }
    return 0;
}

/* Read a plain decimal with at most `decimals` (and 9 whole) digits into units of 10^-decimals. */
static inline int frame_number(const frame_text *text, int decimals, uint64_t *value) {
    const char *at = text->start, *end = text->start + text->length;
    uint64_t number = 0;
    int digits = 0, fraction = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++, digits++)
        number = number * 10 + (uint64_t)(*at - '0');
    if (digits > 9)
        return 0;
    if (at < end && *at == '.')
        for (at++; at < end && *at >= '0' && *at <= '9'; at++, fraction++)
            number = number * 10 + (uint64_t)(*at - '0');
    if (at != end || digits + fraction == 0 || fraction > decimals)
        return 0;
    for (; fraction < decimals; fraction++)
        number *= 10;
    *value = number;
    return 1;
}

static inline int frame_take_number(frame_cursor *cursor, int decimals, uint64_t *value) {
    frame_text text;
    return frame_take_text(cursor, &text) && frame_number(&text, decimals, value);
}

static inline int frame_take_price(frame_cursor *cursor, int *price_e4) {
    uint64_t value;
    if (!frame_take_number(cursor, 4, &value) || value == 0 || value >= 10000)
        return 0;
    *price_e4 = (int)value;
    return 1;
}

static inline int frame_take_size(frame_cursor *cursor, uint64_t *size_u6) {
    return frame_take_number(cursor, 6, size_u6) && *size_u6 <= FRAME_SIZE_U6_MAX;
}

/* A best price; "" and "0" are an empty side, and so is "1" for an ask (`empty_e4` 10000). */
static inline int frame_take_best(frame_cursor *cursor, int empty_e4, int *price_e4) {
    frame_text text;
    uint64_t value = 0;
    if (!frame_take_text(cursor, &text))
        return 0;
    if (text.length != 0 && (!frame_number(&text, 4, &value) || value > 10000))
        return 0;
    *price_e4 = (int)value == empty_e4 ? 0 : (int)value;
    return 1;
}

static inline int frame_take_side(frame_cursor *cursor, int *side) {
    frame_text text;
    if (!frame_take_text(cursor, &text))
        return 0;
    *side = frame_is(&text, "BUY") ? FRAME_BID : FRAME_ASK;
    return *side == FRAME_BID || frame_is(&text, "SELL");
}

/* Milliseconds as nanoseconds; the last that 63 bits hold is in the year 2262. */
static inline int frame_take_timestamp(frame_cursor *cursor, int64_t *ts_ns) {
    frame_text text;
    int64_t ms = 0;
    if (!frame_take_text(cursor, &text) || text.length == 0 || text.length > 13)
        return 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.start[i] < '0' || text.start[i] > '9')
            return 0;
        ms = ms * 10 + (text.start[i] - '0');
    }
    if (ms > INT64_MAX / 1000000)
        return 0;
    *ts_ns = ms * 1000000;
    return 1;
}

/* Begin an object or array: 0 not one, 1 it has a first item, 2 it is empty. */
static inline int frame_open(frame_cursor *cursor, char open, char close) {
    if (!frame_take(cursor, open))
        return 0;
    return frame_take(cursor, close) ? 2 : 1;
}

/* After an item: 0 malformed, 1 another one follows, 2 that was the last. */
static inline int frame_next(frame_cursor *cursor, char close) {
    if (frame_take(cursor, ','))
        return 1;
    return frame_take(cursor, close) ? 2 : 0;
}

/* Note that a field was seen; a second time is left to the general reader. */
static inline int frame_once(unsigned *seen, unsigned field) {
    unsigned before = *seen;
    *seen |= field;
    return !(before & field);
}

static inline int frame_take_level(frame_cursor *cursor, frame_level *level) {
    unsigned seen = 0;
    frame_text key;
    int more = frame_open(cursor, '{', '}');
    while (more == 1) {
        int ok;
        if (!frame_take_text(cursor, &key) || !frame_take(cursor, ':'))
            return 0;
        if (frame_is(&key, "price"))
            ok = frame_once(&seen, 1) && frame_take_price(cursor, &level->price_e4);
        else if (frame_is(&key, "size"))
            ok = frame_once(&seen, 2) && frame_take_size(cursor, &level->size_u6);
        else
            ok = frame_skip_value(cursor);
        if (!ok)
            return 0;
        more = frame_next(cursor, '}');
    }
    return more == 2 && seen == 3;
}

static inline int frame_take_levels(frame_cursor *cursor, frame_level *levels, int *count) {
    int more = frame_open(cursor, '[', ']');
    *count = 0;
    while (more == 1) {
        if (*count == FRAME_LEVELS_MAX || !frame_take_level(cursor, &levels[(*count)++]))
            return 0;
        more = frame_next(cursor, ']');
    }
    return more == 2;
}

static inline int frame_take_change_field(frame_cursor *cursor, const frame_text *key, frame_change *change,
                                          unsigned *seen) {
    if (frame_is(key, "asset_id"))
        return frame_once(seen, 1) && frame_take_text(cursor, &change->asset);
    if (frame_is(key, "price"))
        return frame_once(seen, 2) && frame_take_price(cursor, &change->level.price_e4);
    if (frame_is(key, "size"))
        return frame_once(seen, 4) && frame_take_size(cursor, &change->level.size_u6);
    if (frame_is(key, "side"))
        return frame_once(seen, 8) && frame_take_side(cursor, &change->side);
    if (frame_is(key, "best_bid"))
        return frame_once(seen, 16) && frame_take_best(cursor, 0, &change->best_bid_e4);
    if (frame_is(key, "best_ask"))
        return frame_once(seen, 32) && frame_take_best(cursor, 10000, &change->best_ask_e4);
    return frame_skip_value(cursor);
}

static inline int frame_take_change(frame_cursor *cursor, frame_change *change) {
    unsigned seen = 0;
    frame_text key;
    int more = frame_open(cursor, '{', '}');
    change->best_bid_e4 = change->best_ask_e4 = FRAME_NOT_SAID;
    while (more == 1) {
        if (!frame_take_text(cursor, &key) || !frame_take(cursor, ':') ||
            !frame_take_change_field(cursor, &key, change, &seen))
            return 0;
        more = frame_next(cursor, '}');
    }
    return more == 2 && (seen & 15) == 15;
}

static inline int frame_take_changes(frame_cursor *cursor, frame *out) {
    int more = frame_open(cursor, '[', ']');
    out->changes_count = 0;
    while (more == 1) {
        if (out->changes_count == FRAME_CHANGES_MAX ||
            !frame_take_change(cursor, &out->changes[out->changes_count++]))
            return 0;
        more = frame_next(cursor, ']');
    }
    return more == 2;
}

enum { SEEN_TYPE = 1, SEEN_TIME = 2, SEEN_ASSET = 4, SEEN_BIDS = 8, SEEN_ASKS = 16, SEEN_CHANGES = 32 };

static inline int frame_take_field(frame_cursor *cursor, const frame_text *key, frame *out, frame_text *type,
                                   unsigned *seen) {
    if (frame_is(key, "event_type"))
        return frame_once(seen, SEEN_TYPE) && frame_take_text(cursor, type);
    if (frame_is(key, "timestamp"))
        return frame_once(seen, SEEN_TIME) && frame_take_timestamp(cursor, &out->venue_ts_ns);
    if (frame_is(key, "asset_id"))
        return frame_once(seen, SEEN_ASSET) && frame_take_text(cursor, &out->asset);
    if (frame_is(key, "bids"))
        return frame_once(seen, SEEN_BIDS) &&
               frame_take_levels(cursor, out->levels[FRAME_BID], &out->counts[FRAME_BID]);
    if (frame_is(key, "asks"))
        return frame_once(seen, SEEN_ASKS) &&
               frame_take_levels(cursor, out->levels[FRAME_ASK], &out->counts[FRAME_ASK]);
    if (frame_is(key, "price_changes"))
        return frame_once(seen, SEEN_CHANGES) && frame_take_changes(cursor, out);
    if (frame_is(key, "tick_size")) /* a tick is a market fact: the general reader's business */
        return 0;
    return frame_skip_value(cursor);
}

/* Scan a whole frame; `out` is only valid when the answer is not FRAME_OTHER. */
static inline int frame_scan(const char *start, size_t length, frame *out) {
    frame_cursor cursor = {start, start + length};
    frame_text key, type = {NULL, 0};
    unsigned seen = 0;
    int more = frame_open(&cursor, '{', '}');
    while (more == 1) {
        if (!frame_take_text(&cursor, &key) || !frame_take(&cursor, ':') ||
            !frame_take_field(&cursor, &key, out, &type, &seen))
            return FRAME_OTHER;
        more = frame_next(&cursor, '}');
    }
    frame_skip_space(&cursor);
    if (more != 2 || cursor.at != cursor.end || !(seen & SEEN_TYPE))
        return FRAME_OTHER;
    if (frame_is(&type, "book") && seen == (SEEN_TYPE | SEEN_TIME | SEEN_ASSET | SEEN_BIDS | SEEN_ASKS))
        return FRAME_BOOK;
    if (frame_is(&type, "price_change") && seen == (SEEN_TYPE | SEEN_TIME | SEEN_CHANGES))
        return FRAME_PRICE_CHANGE;
    return FRAME_OTHER;
}

#endif
