package io.sluice.tail;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongFunction;
import java.util.stream.LongStream;

/** Plays scenarios that follow from seeds, several at once: they mostly wait. */
final class RandomScenarios {

    /** One of them. */
    interface Scenario extends AutoCloseable {
        void play() throws Exception;

        /** What was done so far, a line for each step. */
        CharSequence story();

        @Override
        void close();
    }

    private RandomScenarios() {}

    /**
     * Plays so many seeds that follow each other from a random one, or the one of {@code
     * -Dsluice.seed}.
     *
     * @param atOnce bounded by the inotify instances of a user, which others use, too
     * @throws AssertionError names the first seed that failed and its story; the others are
     *     suppressed
     */
    static void play(int count, int atOnce, LongFunction<Scenario> ofSeed) throws Exception {
        Long repeated = Long.getLong("sluice.seed");
        long first = ThreadLocalRandom.current().nextInt(1 << 30) * 1_000L;
        long[] seeds =
                repeated == null
                        ? LongStream.range(first, first + count).toArray()
                        : new long[] {repeated};
        List<Callable<List<AssertionError>>> scenarios = new ArrayList<>();
        for (long seed : seeds) {
            scenarios.add(() -> play(seed, ofSeed));
        }
        List<AssertionError> failures = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(atOnce)) {
            for (Future<List<AssertionError>> played : threads.invokeAll(scenarios)) {
                failures.addAll(played.get());
            }
        }
        if (!failures.isEmpty()) {
            AssertionError all =
                    new AssertionError(
                            failures.size() + " failed; first: " + failures.getFirst(),
                            failures.getFirst());
            failures.stream().skip(1).forEach(all::addSuppressed);
            throw all;
        }
    }

    private static List<AssertionError> play(long seed, LongFunction<Scenario> ofSeed) {
        Scenario scenario = ofSeed.apply(seed);
        try (scenario) {
            scenario.play();
            return List.of();
        } catch (Exception | AssertionError e) {
            return List.of(
                    new AssertionError(
                            "repeat with -Dsluice.seed=" + seed + "\n" + scenario.story() + e, e));
        }
    }
}
