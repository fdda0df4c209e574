/* Sleeping and waking of ext/ring_wait.h: one writer, two readers that sleep when there is nothing to read.
 *
 * Each side's store may stay in its store buffer while its next load goes ahead (store buffering, the one reordering
 * that even x86 does); a seq_cst fence empties the buffer. A lost wake leaves a reader asleep for ever, which spin
 * finds as a deadlock.
 * -DNO_WRITER_FENCE, -DNO_READER_FENCE and -DSLEEP_ON_FLAG (another reader may raise it again) must
 * each fail.
 *
 *   spin -a wait.pml && gcc -O2 -DSAFETY -o pan pan.c && ./pan
 */
#define RECORDS 3
#define READERS 2

byte slot = 0;                  /* the newest record that is visible */
byte slot_buffered = 0;         /* the writer's store buffer: 0 = empty */
bool flag = false;              /* the waiters flag */
bool flag_buffered[READERS];    /* the readers' store buffers */
byte wakes = 0;                 /* the futex word */
bool asleep[READERS];

inline wake_all() { asleep[0] = false; asleep[1] = false }

active proctype Memory() {
end:
    do
    :: atomic { slot_buffered > 0 -> slot = slot_buffered; slot_buffered = 0 }
    :: atomic { flag_buffered[0] -> flag = true; flag_buffered[0] = false }
    :: atomic { flag_buffered[1] -> flag = true; flag_buffered[1] = false }
    od
}

active proctype Writer() {
    byte seq = 1;
    do
    :: seq > RECORDS -> break
    :: else ->
        atomic { slot_buffered == 0; slot_buffered = seq }
#ifndef NO_WRITER_FENCE
        slot_buffered == 0;
#endif
        if
        :: flag ->
            atomic { slot_buffered == 0; flag = false }     /* exchange: a full fence by itself */
            wakes++;
            atomic { wake_all() }
        :: else -> skip
        fi;
        seq++
    od
}

active [READERS] proctype Reader() {
    byte number = _pid - 2, position = 1, seen;
    do
    :: position > RECORDS -> break
    :: slot >= position -> position++
    :: slot < position && position <= RECORDS ->
        seen = wakes;
        flag_buffered[number] = true;
#ifndef NO_READER_FENCE
        !flag_buffered[number];
#endif
        if
        :: slot >= position -> skip                          /* it came meanwhile: do not sleep */
        :: else ->
            atomic {                                         /* futex: sleep only if nobody woke meanwhile */
                if
#ifdef SLEEP_ON_FLAG
                :: flag || flag_buffered[number] -> asleep[number] = true
#else
                :: wakes == seen -> asleep[number] = true
#endif
                :: else -> skip
                fi
            };
            !asleep[number]
        fi
    od
}
