// Begin the explorer, if it is there; the page says so where it is not.
if (window.SwaggerUIBundle) {
  document.getElementById('missing').hidden = true;
  window.SwaggerUIBundle({
    url: '/openapi.json',
    dom_id: '#explorer',
    deepLinking: true,
    validatorUrl: null,
  });
}
