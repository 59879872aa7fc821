/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The event count of src/wait/event.c for SPIN, every interleaving of it: notifiers that publish a value each, waiters
 * that want one each, on a machine with store buffers. A lost wake-up is a state in which nobody can go on and somebody
 * has not come to his end.
 *
 *   -DSLEEPERS  two notifiers, two waiters; each wait may also run out of time once, and is begun again
 *   -DCROWD     one notifier, another that notifies twice, two waiters, one that takes a value without ever waiting; stores
 *               are not buffered, or there would be too many states
 *   -DCLOSING   one notifier, two waiters, one that closes
 *   -DPOLLING   two notifiers, one that arms the descriptor and polls it
 * and what has to fail, or the model would show nothing:
 *   -DNO_SECOND_LOOK    a waiter sleeps without having looked after it announced itself
 *   -DLOADING_NOTIFY    notify looks at the word by a load, which does not wait for the store buffer
 *   -DCANCEL_WOKEN      a waiter that was woken takes its count away, though the wake may have been another's
 *   -DCARELESS_CANCEL   a waiter that leaves takes a count away though it may be another's
 *   -DCARELESS_CLEAR    finding nobody asleep clears the number of waiters without comparing the word
 *   -DARM_AFTER_LOOK    arm comes after the last look
 *   -DFIRE_IF_ARMED     fire leaves the descriptor to the notifier that has taken the armed bit
 */

#ifdef SLEEPERS
#define VALUES  2
#define WAITERS 2
#endif
#ifdef CROWD
#define VALUES  3
#define WAITERS 2
#endif
#ifdef CLOSING
#define VALUES  1
#define WAITERS 2
#endif
#ifdef POLLING
#define VALUES  2
#define WAITERS 1 /* none sleeps; spin wants no empty array */
#endif

/* The word, in parts that change together: in d_step or atomic only. */
byte epoch, waiters;
bool closed, armed;

/* The ring: value i is published when there[i]; until it leaves its producer's store buffer, pending[i]. */
bool there[VALUES], pending[VALUES], taken[VALUES];

/* The kernel's: who sleeps on the futex, whether the descriptor is readable. */
bool asleep[WAITERS], readable;

/* For the assertion about closing. */
bool returned[VALUES], returned_before_close[VALUES];

/* The store buffer is emptied by a read-modify-write, or on its own at any time (the process below). */
inline drain(i)
{
	if
	:: pending[i] -> there[i] = true; pending[i] = false
	:: else
	fi
}

/* Whether there was a value, which then is taken: the ring's dequeue, a compare-and-swap. */
inline look(found)
{
	skip; /* spin lets nobody jump to a d_step */
	d_step {
		found = false;
		j = 0;
		do
		:: j < VALUES && there[j] && !taken[j] -> taken[j] = true; found = true; break
		:: j < VALUES && !(there[j] && !taken[j]) -> j++
		:: j == VALUES -> break
		od;
		j = 0
	};
	skip
}

/* FUTEX_WAKE for n of them, any n; `woken` is how many there were. */
inline futex_wake(n)
{
	atomic {
		woken = 0;
		do
		:: woken < n && asleep[0] -> asleep[0] = false; woken++
#if WAITERS > 1
		:: woken < n && asleep[1] -> asleep[1] = false; woken++
#endif
		:: woken == n -> break
		:: else -> break
		od
	}
}

/* maar__event_notify and maar__event_wake, for one. */
inline notify(i)
{
#ifdef LOADING_NOTIFY
	somebody = (waiters > 0 || armed);
#else
	d_step { drain(i); somebody = (waiters > 0 || armed) };
#endif
	if
	:: somebody ->
		d_step {
			drain(i);
			some_armed = armed;
			some_taken = (waiters > 0 -> 1 : 0);
			if
			:: some_taken || some_armed ->
				waiters = waiters - some_taken;
				armed = false;
				epoch++;
				my_epoch = epoch;
				my_waiters = waiters
			:: else
			fi
		};
		if
		:: some_taken ->
			futex_wake(1);
			d_step {
				if
#ifdef CARELESS_CLEAR
				:: woken < 1 -> waiters = 0
#else
				:: woken < 1 && epoch == my_epoch && waiters == my_waiters && !armed -> waiters = 0
#endif
				:: else
				fi
			}
		:: else
		fi;
		if
		:: some_armed -> readable = true
		:: else
		fi
	:: else
	fi
}

proctype notifier(byte i)
{
	byte woken, some_taken, my_epoch, my_waiters;
	bool somebody, some_armed;

#ifdef CROWD
	there[i] = true;
	notify(i);
	if
	:: i == 1 ->
		there[2] = true;
		notify(2)
	:: else
	fi
#else
	pending[i] = true;
	notify(i);
	returned[i] = true
#endif
}

#ifdef CROWD
/* Spins until there is one. */
proctype barger()
{
	if
	:: atomic { there[0] && !taken[0] -> taken[0] = true }
	:: atomic { there[1] && !taken[1] -> taken[1] = true }
	:: atomic { there[2] && !taken[2] -> taken[2] = true }
	fi
}
#endif

/* The store buffers, which empty themselves when they like. */
proctype buffers()
{
	byte i;

end:	do
	:: atomic { pending[0] -> drain(0) }
#if VALUES > 1
	:: atomic { pending[1] -> i = 1; drain(i) }
#endif
	od
}

/* maar_waiting_again from the announcement on; a spin before it is only more looks. */
proctype waiter(byte me)
{
	byte j, key;
	bool found, over, timed_out;
	byte patience = 1; /* waits that run out of time */

again:
	look(found);
	if
	:: found -> goto done
	:: else
	fi;
	d_step { waiters++; key = epoch; over = closed };
#ifndef NO_SECOND_LOOK
	look(found);
	if
	:: found || over -> goto leave
	:: else
	fi;
#endif
	/* FUTEX_WAIT compares and sleeps in one. */
	timed_out = false;
	atomic {
		if
		:: epoch == key -> asleep[me] = true
		:: else
		fi
	};
	if
	:: !asleep[me]
#ifdef SLEEPERS
	:: atomic { asleep[me] && patience > 0 -> patience--; asleep[me] = false; timed_out = true }
#endif
	fi;
#ifndef CANCEL_WOKEN
	if
	:: !timed_out -> goto again
	:: else
	fi;
#endif
leave:	skip; /* maar_event_cancel */
	d_step {
		if
#ifdef CARELESS_CANCEL
		:: waiters > 0 && (found || timed_out) -> waiters--
#else
		:: epoch == key && waiters > 0 -> waiters--
#endif
		:: else
		fi
	};
	if
	:: !found && !over -> goto again
	:: else
	fi;
done:
	/* Who is told "closed" has seen every value whose enqueue had returned before close. */
	assert(found || !returned_before_close[0] || taken[0])
}

/* maar_event_close, for all. */
proctype closer()
{
	byte woken;
	bool somebody;

	atomic { returned_before_close[0] = returned[0] };
	d_step { closed = true; somebody = (waiters > 0); waiters = 0; armed = false; epoch++ };
	if
	:: somebody -> futex_wake(WAITERS)
	:: else
	fi
}

/* The loop of <maar/wait.h> around poll. Takes all values and ends. */
proctype poller()
{
	byte j, got;
	bool found;

	do
	:: got == VALUES -> break
	:: else ->
#ifdef ARM_AFTER_LOOK
		look(found);
		if
		:: found -> got++
		:: else -> armed = true; (readable); atomic { armed = false; readable = false }
		fi
#else
		look(found);
		if
		:: found -> got++
		:: else ->
			armed = true;
			/* maar_ring_empty does not take */
			d_step {
				found = false;
				j = 0;
				do
				:: j < VALUES -> found = found || (there[j] && !taken[j]); j++
				:: else -> break
				od;
				j = 0
			};
			if
			:: found ->
#ifdef FIRE_IF_ARMED
				if
				:: atomic { armed -> armed = false; readable = true }
				:: else
				fi;
#else
				armed = false;
				readable = true;
#endif
				assert(readable) /* as the contract says: at once */
			:: else
			fi;
			(readable);
			armed = false;
			readable = false
		fi
#endif
	od
}

init {
	atomic {
#ifndef CROWD
		run buffers();
#endif
		run notifier(0);
#if VALUES > 1
		run notifier(1);
#endif
#ifdef CROWD
		run barger();
#endif
#ifdef POLLING
		run poller();
#else
		run waiter(0);
		run waiter(1);
#endif
#ifdef CLOSING
		run closer()
#endif
	}
}
