package io.sluice.kubernetes;

import java.time.Instant;
import java.util.Optional;

/**
 * How the agent stands with the API server.
 *
 * @param lastContact when it last answered as hoped; empty if it never did since the agent's start
 * @param trouble what is wrong and what to do about it; empty in all states but {@link
 *     State#FAILING}
 */
public record KubernetesHealth(State state, Optional<Instant> lastContact, String trouble) {

    /** One of four. */
    public enum State {
        /** {@code kubernetes.api} is off. */
        OFF,
        /** The first list is not there yet. */
        STARTING,
        /** Pods are listed and watched. */
        WATCHING,
        /** The last try failed, and is repeated; what is known stays known. */
        FAILING
    }
}
