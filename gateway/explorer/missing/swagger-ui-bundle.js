// script/vendor has not fetched the explorer.
