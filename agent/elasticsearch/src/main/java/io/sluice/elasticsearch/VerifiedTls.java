package io.sluice.elasticsearch;

import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/**
 * The client's TLS, with the host's name verified by the Java run-time during the handshake: before
 * anything is sent, our own certificate included.
 *
 * <p>The client means to have that done as well, and says so to parameters that it has applied
 * already: in httpclient5 5.6.3 ({@code AbstractClientTlsStrategy.upgrade}) a certificate of any
 * name is believed.
 */
final class VerifiedTls extends DefaultClientTlsStrategy {

    VerifiedTls(SSLContext context) {
        super(context);
    }

    @Override
    protected void initializeEngine(SSLEngine engine) {
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        engine.setSSLParameters(parameters);
    }
}
