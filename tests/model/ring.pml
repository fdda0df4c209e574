/* The slot protocol of ext/ring_core.h under a weak memory model, with a writer that may die between any two stores.
 *
 * The writer's stores enter a buffer and become visible in any order that C11 allows: not before an earlier store to
 * the same word, not across a release fence, and a release store not before anything earlier. So payload words between
 * the fences appear in any order, and a later record's mark may overtake an earlier commit. The reader's payload loads
 * happen in any order, and without its acquire fence the re-check may come first. Checked by spin for every
 * interleaving:
 *   - an accepted record is whole;  - got + lost = sent;  - the reader is never stuck, also after a crash and a repair.
 * -DNO_RELEASE_FENCE, -DNO_ACQUIRE_FENCE, -DNO_MARK, -DNO_RECHECK, -DRELAXED_COMMIT and -DNO_REPAIR must each fail.
 *
 *   spin -a ring.pml && gcc -O2 -DSAFETY -DVECTORSZ=2048 -o pan pan.c && ./pan -m200000
 */
#define SLOTS 2
#define RECORDS 5
#define CRASHES 1
#define BUSY 16                 /* the mark's bit: BUSY + seq */
#define BUFFER 6

#define MARK(slot) (slot)       /* memory: marks, two payload words a slot, the cursor */
#define WORD_A(slot) (SLOTS + (slot))
#define WORD_B(slot) (2 * SLOTS + (slot))
#define CURSOR (3 * SLOTS)

byte memory[3 * SLOTS + 1];

byte pending_place[BUFFER], pending_value[BUFFER], pending_group[BUFFER];
bool pending_release[BUFFER];
byte pending = 0, group = 0;
bool writer_done = false;

/* Store behind everything the fences so far demand. */
inline store(place, value, release) {
    atomic {
        pending < BUFFER;
        pending_place[pending] = place;
        pending_value[pending] = value;
        pending_group[pending] = group;
        pending_release[pending] = release;
        pending++
    }
}

inline release_fence() {
    atomic {
        if
        :: pending > 0 -> group++
        :: else -> skip
        fi
    }
}

/* Whether pending store `chosen` may become visible now; the earlier ones have smaller indices. */
inline judge(chosen, other, allowed) {
    allowed = true;
    other = 0;
    do
    :: other >= chosen -> break
    :: else ->
        if
        :: pending_release[chosen] || pending_place[other] == pending_place[chosen] ||
           pending_group[other] < pending_group[chosen] -> allowed = false
        :: else -> skip
        fi;
        other++
    od
}

inline remove(chosen, other) {
    memory[pending_place[chosen]] = pending_value[chosen];
    other = chosen;
    do
    :: other + 1 >= pending -> break
    :: else ->
        pending_place[other] = pending_place[other + 1];
        pending_value[other] = pending_value[other + 1];
        pending_group[other] = pending_group[other + 1];
        pending_release[other] = pending_release[other + 1];
        other++
    od;
    pending--;
    pending_place[pending] = 0;
    pending_value[pending] = 0;
    pending_group[pending] = 0;
    pending_release[pending] = false;
    if
    :: pending == 0 -> group = 0   /* nothing left to be ordered against: keeps the state space finite */
    :: else -> skip
    fi
}

active proctype Memory() {
    byte chosen, other;
    bool allowed;
end:
    do
    :: atomic {
        pending > 0;
        chosen = 0;
        do
        :: chosen + 1 < pending -> chosen++
        :: break
        od;
        judge(chosen, other, allowed);
        if
        :: allowed -> remove(chosen, other)
        :: else -> skip
        fi;
        chosen = 0; other = 0; allowed = false
    }
    od
}

/* A crash is a jump to `died` between any two stores; what was stored becomes visible all the same. */
#define MAY_DIE if :: crashes > 0 -> crashes--; goto died :: true fi

active proctype Writer() {
    byte seq = 1, slot = 0, crashes = CRASHES;
publish:
    do
    :: seq > RECORDS -> break
    :: else ->
        slot = seq % SLOTS;
#ifndef NO_MARK
        store(MARK(slot), BUSY + seq, false);
        MAY_DIE;
#endif
#ifndef NO_RELEASE_FENCE
        release_fence();
#endif
        store(WORD_A(slot), seq, false);
        MAY_DIE;
        store(WORD_B(slot), seq, false);
        MAY_DIE;
#ifdef RELAXED_COMMIT
        store(MARK(slot), seq, false);
#else
        store(MARK(slot), seq, true);
#endif
        MAY_DIE;
        store(CURSOR, seq, true);
        seq++
    od;
    writer_done = true;
    goto end_writer;
died:
    pending == 0;
#ifdef NO_REPAIR
    goto end_writer;
#endif
    /* The next writer: behind the cursor, and behind what was committed without it. */
    seq = memory[CURSOR] + 1;
    do
    :: memory[MARK(seq % SLOTS)] == seq -> seq++
    :: else -> break
    od;
    goto publish;
end_writer:
    skip
}

/* Load the payload words, in any order, and the re-check behind them - or anywhere, without the fence. */
inline load_payload(slot, word_a, word_b, again, to_do) {
#ifdef NO_ACQUIRE_FENCE
    to_do = 7;
#else
    to_do = 3;
#endif
    do
    :: to_do & 1 -> word_a = memory[WORD_A(slot)]; to_do = to_do - 1
    :: to_do & 2 -> word_b = memory[WORD_B(slot)]; to_do = to_do - 2
    :: to_do & 4 -> again = memory[MARK(slot)]; to_do = to_do - 4
    :: to_do == 0 -> break
    od;
#ifndef NO_ACQUIRE_FENCE
    again = memory[MARK(slot)]
#endif
}

active proctype Reader() {
    byte position = 1, got = 0, lost = 0, mark, word_a, word_b, again, newest, to_do;
    do
    :: position > RECORDS -> break
    :: else ->
        /* poll until the slot has something to say */
        atomic {
            memory[MARK(position % SLOTS)] == position || memory[MARK(position % SLOTS)] % BUSY > position;
            mark = memory[MARK(position % SLOTS)]
        }
        if
        :: mark == position ->
            load_payload(position % SLOTS, word_a, word_b, again, to_do);
#ifdef NO_RECHECK
            again = position;
#endif
            if
            :: again == position ->
                assert(word_a == position && word_b == position);
                got++;
                position++
            :: else -> skip
            fi
        :: else ->
            newest = memory[CURSOR];
            if
            :: newest > position -> lost = lost + newest - position; position = newest
            :: else -> skip
            fi
        fi;
        mark = 0; word_a = 0; word_b = 0; again = 0; newest = 0
    od;
    assert(got + lost == RECORDS)
}
