package io.sluice.testing;

import java.net.URI;
import java.util.Optional;

/** A server that {@link ElasticsearchFixture} chose. One thread starts and stops it. */
sealed interface ElasticsearchServer
        permits RunningElasticsearch, DockerElasticsearch, ZipElasticsearch {

    /** Fixed before {@link #start}, and the same after a restart. */
    URI url();

    String username();

    /** Empty without security. */
    String password();

    Optional<TestCertificates> certificates();

    String description();

    /** Starts it, not waiting until it answers. */
    void start();

    boolean isRunning();

    /** The end of what it printed, for the message of a failure. */
    String log();

    /** Stops it and waits for its end. Its data stay. Does nothing to one that is stopped. */
    void stop();

    /** Removes the data of a stopped server. */
    void remove();
}
