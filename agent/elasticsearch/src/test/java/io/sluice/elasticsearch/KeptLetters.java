package io.sluice.elasticsearch;

import io.sluice.buffer.DeadLetter;
import io.sluice.buffer.DeadLetters;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Keeps letters in memory, and refuses to force them when told so. */
final class KeptLetters implements DeadLetters {
    final List<DeadLetter> letters = new CopyOnWriteArrayList<>();
    final AtomicInteger refuseForces = new AtomicInteger();

    /** The disk hangs until then. */
    volatile Optional<CountDownLatch> forcesWaitFor = Optional.empty();

    @Override
    public boolean write(DeadLetter letter) {
        // As the real store does: what is written again is kept once.
        if (letters.stream().noneMatch(kept -> kept.id().equals(letter.id()))) {
            letters.add(letter);
        }
        return true;
    }

    @Override
    public void force() {
        forcesWaitFor.ifPresent(KeptLetters::awaitUninterruptibly);
        if (refuseForces.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new UncheckedIOException(new IOException("No space left on device"));
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
