<?php

require_once __DIR__ . '/../src/Cart.php';
