package io.sluice.kubernetes;

import java.time.Duration;

/**
 * The waits of {@link PodWatch}. Nobody needs to set them, but tests are in a hurry.
 *
 * @param answer for the headers of an answer
 * @param listSilence within the body of a list
 * @param shortestWatch how long the API server is asked to keep a watch open, at least; whole
 *     seconds
 * @param longestWatch and at most
 * @param watchSlack how long after its agreed end a silent watch is given up
 * @param bookmarkSilence how long a watch may be silent once it has sent a bookmark: the API server
 *     sends one every minute, so more than two are missing
 * @param leastBackoff before the first repetition
 * @param mostBackoff before the last ones
 * @param relistJitter before a list that many agents may want at once
 * @param cacheInterval between two writings of the metadata cache
 */
record Timing(
        Duration answer,
        Duration listSilence,
        Duration shortestWatch,
        Duration longestWatch,
        Duration watchSlack,
        Duration bookmarkSilence,
        Duration leastBackoff,
        Duration mostBackoff,
        Duration relistJitter,
        Duration cacheInterval) {

    static final Timing DEFAULT =
            new Timing(
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(30),
                    Duration.ofMinutes(5),
                    Duration.ofMinutes(10),
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(150),
                    Duration.ofMillis(500),
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(30));
}
