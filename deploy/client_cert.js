// The verified client certificate as the header Client-Cert of RFC 9440: its DER form in base64, between colons.
function header(request) {
    if (request.variables.ssl_client_verify !== 'SUCCESS') {
        return '';
    }
    return ':' + request.variables.ssl_client_raw_cert.replace(/-----[A-Z ]+-----|\s/g, '') + ':';
}

export default { header };
